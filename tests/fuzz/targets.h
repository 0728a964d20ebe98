#pragma once
// The fuzz targets: one function per reader of untrusted bytes. Each hands the input to its reader and checks what must
// hold of everything that the reader accepts (the same bytes when written again, the verdict of a second
// implementation). One thread.

#include "uvpki/bytes.h"

namespace uvpki::fuzz {

/// True when the input was accepted. An Error that is not "internal" is a refusal; whatever else is thrown is a defect.
using Target = bool(ByteView input);

Target ballot, ballot_token, blt, ceremony, certificate, chain, checkpoint, claim, crl, csv, cvr, der_reader, encoding,
    envelope, epoch_list, json, json_schema, key, manifest, ocsp_request, ocsp_response, plaintext, ranked_csv, receipt,
    request, roll, signed_data, soi, tiles, timestamp_request, timestamp_response;

struct NamedTarget {
    const char* name;
    Target* run;
};

/// All of them, for the replay program.
inline constexpr NamedTarget all_targets[] = {
    {"ballot", ballot},
    {"ballot_token", ballot_token},
    {"blt", blt},
    {"ceremony", ceremony},
    {"certificate", certificate},
    {"chain", chain},
    {"checkpoint", checkpoint},
    {"claim", claim},
    {"crl", crl},
    {"csv", csv},
    {"cvr", cvr},
    {"der_reader", der_reader},
    {"encoding", encoding},
    {"envelope", envelope},
    {"epoch_list", epoch_list},
    {"json", json},
    {"json_schema", json_schema},
    {"key", key},
    {"manifest", manifest},
    {"ocsp_request", ocsp_request},
    {"ocsp_response", ocsp_response},
    {"plaintext", plaintext},
    {"ranked_csv", ranked_csv},
    {"receipt", receipt},
    {"request", request},
    {"roll", roll},
    {"signed_data", signed_data},
    {"soi", soi},
    {"tiles", tiles},
    {"timestamp_request", timestamp_request},
    {"timestamp_response", timestamp_response},
};

}  // namespace uvpki::fuzz

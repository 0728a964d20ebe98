#include "tests/fuzz/reference.h"

#include <openssl/ocsp.h>

#include "uvpki/openssl/checked.h"

namespace uvpki::fuzz::reference {

namespace {

using openssl::require;
using openssl::require_ok;

/// The whole input through a d2i function; null when it refuses or leaves bytes over.
template <typename Handle, typename D2i>
Handle decode(ByteView der, D2i d2i) {
    const auto* at = der.data();
    Handle result{d2i(nullptr, &at, static_cast<long>(der.size()))};
    openssl::clear_errors();
    if (at != der.data() + der.size()) return {};
    return result;
}

template <typename Handle, typename D2i, typename I2d>
Bytes again(ByteView der, D2i d2i, I2d i2d) {
    auto decoded = decode<Handle>(der, d2i);
    return decoded ? openssl::encode(decoded.get(), i2d, "i2d") : Bytes{};
}

bool is_well_formed(ByteView& rest, int depth);

bool is_simple_type_der(unsigned tag, ByteView content) {
    switch (tag) {
        case 0x01:
            return content.size() == 1 && (content[0] == 0x00 || content[0] == 0xFF);
        case 0x02:
        case 0x0A:
            if (content.empty()) return false;
            return content.size() == 1 ||
                   !((content[0] == 0x00 && content[1] < 0x80) || (content[0] == 0xFF && content[1] >= 0x80));
        case 0x03:
            if (content.empty() || content[0] > 7) return false;
            if (content.size() == 1) return content[0] == 0;
            return (content.back() & ((1u << content[0]) - 1)) == 0;
        case 0x05:
            return content.empty();
        case 0x10:
        case 0x11:
            return false;  // SEQUENCE and SET are constructed
        default:
            return true;
    }
}

bool is_well_formed(ByteView& rest, int depth) {
    if (depth > 64 || rest.size() < 2) return false;
    const unsigned tag = rest[0];
    if ((tag & 0x1F) == 0x1F) return false;
    std::size_t length = rest[1], header = 2;
    if (length >= 0x80) {
        const std::size_t octets = length & 0x7F;
        if (octets == 0 || octets > 4 || rest.size() < 2 + octets || rest[2] == 0) return false;
        length = 0;
        for (std::size_t i = 0; i < octets; ++i) length = length << 8 | rest[2 + i];
        if (length < 0x80) return false;
        header += octets;
    }
    if (rest.size() - header < length) return false;
    auto content = rest.subspan(header, length);
    rest = rest.subspan(header + length);
    if ((tag & 0x20) == 0) return (tag & 0xC0) != 0 || is_simple_type_der(tag, content);
    if ((tag & 0xC0) == 0 && tag != 0x30 && tag != 0x31) return false;  // strings are primitive in DER
    while (!content.empty())
        if (!is_well_formed(content, depth + 1)) return false;
    return true;
}

}  // namespace

bool is_der(ByteView input) {
    return is_well_formed(input, 0) && input.empty();
}

Bytes certificate(ByteView der) {
    auto decoded = decode<openssl::X509Cert>(der, d2i_X509);
    if (!decoded) return {};
    openssl::encode(decoded.get(), i2d_re_X509_tbs, "i2d_re_X509_tbs");  // forgets the cached encoding
    return openssl::encode(decoded.get(), i2d_X509, "i2d_X509");
}

Bytes request(ByteView der) {
    using Request = openssl::Owner<X509_REQ, X509_REQ_free>;
    auto decoded = decode<Request>(der, d2i_X509_REQ);
    if (!decoded) return {};
    openssl::encode(decoded.get(), i2d_re_X509_REQ_tbs, "i2d_re_X509_REQ_tbs");
    return openssl::encode(decoded.get(), i2d_X509_REQ, "i2d_X509_REQ");
}

Bytes crl(ByteView der) {
    auto decoded = decode<openssl::X509Crl>(der, d2i_X509_CRL);
    if (!decoded) return {};
    openssl::encode(decoded.get(), i2d_re_X509_CRL_tbs, "i2d_re_X509_CRL_tbs");
    return openssl::encode(decoded.get(), i2d_X509_CRL, "i2d_X509_CRL");
}

Bytes cms(ByteView der) {
    return again<openssl::CmsMessage>(der, d2i_CMS_ContentInfo, i2d_CMS_ContentInfo);
}

Bytes timestamp_response(ByteView der) {
    return again<openssl::TimestampResponse>(der, d2i_TS_RESP, i2d_TS_RESP);
}

Bytes ocsp_request(ByteView der) {
    return again<openssl::Owner<OCSP_REQUEST, OCSP_REQUEST_free>>(der, d2i_OCSP_REQUEST, i2d_OCSP_REQUEST);
}

/// The BasicOCSPResponse inside the OCTET STRING is decoded and encoded as well.
Bytes ocsp_response(ByteView der) {
    using Response = openssl::Owner<OCSP_RESPONSE, OCSP_RESPONSE_free>;
    using Basic = openssl::Owner<OCSP_BASICRESP, OCSP_BASICRESP_free>;
    const auto decoded = decode<Response>(der, d2i_OCSP_RESPONSE);
    if (!decoded) return {};
    if (OCSP_response_status(decoded.get()) != OCSP_RESPONSE_STATUS_SUCCESSFUL)
        return openssl::encode(decoded.get(), i2d_OCSP_RESPONSE, "i2d_OCSP_RESPONSE");
    const Basic basic{OCSP_response_get1_basic(decoded.get())};
    openssl::clear_errors();
    if (!basic) return {};
    const Response again{OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic.get())};
    return openssl::encode(require(again.get(), "OCSP_response_create"), i2d_OCSP_RESPONSE, "i2d_OCSP_RESPONSE");
}

bool verifies_signature(ByteView message) {
    const auto decoded = decode<openssl::CmsMessage>(message, d2i_CMS_ContentInfo);
    if (!decoded) return false;
    const auto verdict =
        CMS_verify(decoded.get(), nullptr, nullptr, nullptr, nullptr, CMS_NO_SIGNER_CERT_VERIFY | CMS_BINARY);
    openssl::clear_errors();
    return verdict == 1;
}

bool verifies(ByteView message, const std::vector<Bytes>& chain, Time time) {
    const auto decoded = decode<openssl::CmsMessage>(message, d2i_CMS_ContentInfo);
    if (!decoded) return false;
    const openssl::X509Store store{require(X509_STORE_new(), "X509_STORE_new")};
    for (const auto& der : chain) {
        const auto certificate = decode<openssl::X509Cert>(der, d2i_X509);
        require_ok(X509_STORE_add_cert(store.get(), certificate.get()), "X509_STORE_add_cert");
    }
    auto* parameters = X509_STORE_get0_param(store.get());
    X509_VERIFY_PARAM_set_time(parameters, static_cast<time_t>(unix_seconds(time)));
    require_ok(X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_ANY), "X509_VERIFY_PARAM_set_purpose");
    const auto verdict = CMS_verify(decoded.get(), nullptr, store.get(), nullptr, nullptr, CMS_BINARY | CMS_CADES);
    openssl::clear_errors();
    return verdict == 1;
}

}  // namespace uvpki::fuzz::reference

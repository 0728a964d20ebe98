#pragma once
// Opening root and authority, reading what officers hand in, printing: shared by the commands of uvca. Private to them.

#include <memory>

#include "ca-service/authority.h"
#include "ca-service/root.h"
#include "tools/uvca/commands.h"
#include "uvpki/json.h"

namespace uvpki::uvca {

/// Clock, randomness and the open authority; the clock outlives it.
struct Session {
    std::unique_ptr<Clock> clock;
    std::unique_ptr<SystemRandom> random;
    ca::Authority authority;
};
/// With the keys, whose password is read first.
Session open_authority(const Common& common);
/// Without keys and password.
Session open_for_reading(const Common& common);

x509::Arc arc_from(const std::string& text);

/// "Not changed" in rehearsal; used by commands that cannot be undone.
bool is_rehearsal(const Common& common);

/// PEM "CERTIFICATE REQUEST" or DER; errors name the file.
Bytes load_request(const std::string& path);
/// Hex digits, or a file with a certificate.
Bytes serial_from(const std::string& text);
std::optional<Time> time_from(const std::string& text);

void print(const std::string& text);
void print_json(const Json& value);
/// The text, or the JSON, whichever is asked for.
void report(Output output, const std::string& text, const Json& json);

/// Throws conflict "file.exists": what is written once is not written over.
void require_new_file(const std::string& path);
/// PEM when the name ends in .pem, else DER.
void save_crl(const std::string& path, const x509::Crl& crl);

std::string state_name(ca::CertificateState state);
Json certificate_json(const x509::Certificate& certificate);
Json entry_json(const ca::InventoryEntry& entry);
Json findings_json(const std::vector<Finding>& findings);
/// One line each with this word in front.
std::string findings_text(const std::vector<Finding>& findings, std::string_view word);

}  // namespace uvpki::uvca

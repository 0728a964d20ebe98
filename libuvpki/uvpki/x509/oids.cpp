#include "uvpki/x509/oids.h"

#include "uvpki/error.h"
#include "uvpki/openssl/der.h"

namespace uvpki::x509 {

Arc::Arc(std::string dotted) : text_(std::move(dotted)) {
    try {
        der::oid_from_text(text_);
    } catch (const Error&) {
        fail_input("x509.arc",
                   "'" + text_.substr(0, 80) + "' is not an arc of object identifiers like 1.3.6.1.4.1.32473");
    }
    // Botan and others overflow on the 128-bit arcs of 2.25.UUID and refuse the whole certificate.
    if (text_ == "2.25" || text_.starts_with("2.25."))
        fail_input("x509.arc", "arcs below 2.25 are refused: other software cannot read certificates that carry them");
}

}  // namespace uvpki::x509

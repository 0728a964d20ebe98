#include "tools/uvtrustee/output.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "tools/console/trust_files.h"
#include "uvpki/encoding.h"

namespace uvpki::trustee {

void print(const std::string& text) {
    std::fputs(text.c_str(), stdout);
}
void print_json(const Json& value) {
    print(canonical_json(value) + "\n");
}

x509::TrustStore load_trust(const Common& common) {
    auto trust =
        console::load_trust(common.trust, common.arc.empty() ? x509::Arc() : x509::Arc(common.arc), common.root);
    if (common.root.empty() && common.output == Output::text)
        std::fprintf(stderr, "Root %s: compare it with the one that the authority published, or give --root.\n",
                     to_hex(trust.root().fingerprint()).c_str());
    return trust;
}

}  // namespace uvpki::trustee

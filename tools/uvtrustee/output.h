#pragma once
// Printing, and the trust store from the common arguments: shared by the commands of uvtrustee. Private to them.

#include "tools/uvtrustee/commands.h"
#include "uvpki/json.h"
#include "uvpki/x509/path.h"

namespace uvpki::trustee {

void print(const std::string& text);
void print_json(const Json& value);

/// Says on stderr which root is used when its fingerprint was not given.
x509::TrustStore load_trust(const Common& common);

}  // namespace uvpki::trustee

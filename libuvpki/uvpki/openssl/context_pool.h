#pragma once
// Contexts of one key, set up once and used many times: setting one up costs a good part of a verification.
// Thread-safe.

#include "uvpki/openssl/handles.h"
#include "uvpki/pool.h"

namespace uvpki::openssl {

using ContextPool = Pool<PkeyContext>;

}  // namespace uvpki::openssl

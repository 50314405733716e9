#pragma once

#include <signet/private_key.h>

#include <openssl/core_dispatch.h>

namespace signet::provider {

// KeymgmtFunctions gives the dispatch table for keys of `type`, or null for a type that the provider does not
// keep. It imports nothing but EC public keys, so that a private key never gets here by mistake, and exports
// the public part alone.
const OSSL_DISPATCH* KeymgmtFunctions(KeyType type) noexcept;

}  // namespace signet::provider

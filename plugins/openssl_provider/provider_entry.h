#pragma once

#include "base/openssl_ptr.h"
#include <signet/private_key.h>

#include <memory>

#include <openssl/core.h>

namespace signet::provider {

// MakeKey gives an EVP_PKEY in `context` (null: the default one) that signs with `key` and keeps it alive. A
// key in a token belongs to the provider, which must be active in `context` under any name, built in or as a
// module of this version; a key from a file is handed to `default`. Throws Error kBadArgument if no such
// provider is active, kUnsupported for a key type that OpenSSL does not know.
OpenSslPtr<EVP_PKEY> MakeKey(OSSL_LIB_CTX* context, std::shared_ptr<PrivateKey> key);

// LeaveToLibrary gives up the reference to `provider` that OSSL_PROVIDER_load returned, but not its
// activation: it stays active as long as its library context lives, and ends with it. It does nothing to a
// provider that is not of this build.
void LeaveToLibrary(OSSL_PROVIDER* provider);

}  // namespace signet::provider

#pragma once

#include <openssl/core_dispatch.h>

namespace signet::provider {

// KeyExchangeFunctions is ECDH by the key, plain or with the key derivation of X9.63.
const OSSL_DISPATCH* KeyExchangeFunctions() noexcept;

}  // namespace signet::provider

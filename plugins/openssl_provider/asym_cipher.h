#pragma once

#include <openssl/core_dispatch.h>

namespace signet::provider {

// AsymCipherFunctions is RSA encryption, in software on the public part, and decryption by the key.
const OSSL_DISPATCH* AsymCipherFunctions() noexcept;

}  // namespace signet::provider

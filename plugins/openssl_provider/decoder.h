#pragma once

#include <signet/private_key.h>

#include <openssl/core_dispatch.h>

// PEM files that point to a key become that key in three steps, each a decoder of libcrypto's chain:
// PEM -> DER (kUriStructure) -> the key, loaded once: DER (kKeyStructure), or PKCS#8 for `default` ->
// EVP_PKEY.
namespace signet::provider {

inline constexpr const char* kUriStructure = "signet-uri";
inline constexpr const char* kKeyStructure = "signet-key";

const OSSL_DISPATCH* PemDecoderFunctions() noexcept;
const OSSL_DISPATCH* UriDecoderFunctions() noexcept;
// KeyDecoderFunctions gives the last step for keys of `type`, or null for a type that the provider does not
// keep.
const OSSL_DISPATCH* KeyDecoderFunctions(KeyType type) noexcept;

}  // namespace signet::provider

#pragma once

#include <signet/private_key.h>

#include <openssl/core_dispatch.h>

namespace signet::provider {

inline constexpr const char* kRsaNames = "RSA:rsaEncryption:1.2.840.113549.1.1.1";
inline constexpr const char* kRsaPssNames = "RSA-PSS:RSASSA-PSS:1.2.840.113549.1.1.10";
inline constexpr const char* kEcNames = "EC:id-ecPublicKey:1.2.840.10045.2.1";
inline constexpr const char* kEd25519Names = "ED25519:1.3.101.112";
inline constexpr const char* kEd448Names = "ED448:1.3.101.113";

// KeymgmtFunctions gives the dispatch table for keys of `type`, or null for a type that the provider does not
// keep. It imports nothing but EC public keys, so that a private key never gets here by mistake, and exports
// the public part alone.
const OSSL_DISPATCH* KeymgmtFunctions(KeyType type) noexcept;

}  // namespace signet::provider

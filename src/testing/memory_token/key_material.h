#pragma once

#include "testing/memory_token/state.h"

#include <memory>
#include <string>

namespace signet::testing {

template <class T>
std::string BytesOf(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

// PublicAttributes gives CKA_KEY_TYPE and the public part in PKCS#11's form; throws for other kinds than RSA,
// EC on a curve that has an OBJECT IDENTIFIER, and Ed25519.
MemoryAttributes PublicAttributes(EVP_PKEY* key);
// KeyFromAttributes makes the key that a C_CreateObject template describes; null if it is invalid.
std::shared_ptr<EVP_PKEY> KeyFromAttributes(const MemoryObject& object, OSSL_LIB_CTX* library);
// KeyKind names a kind of key as OpenSSL does; `curve` is null but for EC.
struct KeyKind {
  const char* type;
  const char* curve;
};
// GeneratedKind gives what C_GenerateKeyPair makes; nothing for unknown kinds.
std::optional<KeyKind> GeneratedKind(CK_MECHANISM_TYPE mechanism, const std::string& ec_params);

}  // namespace signet::testing

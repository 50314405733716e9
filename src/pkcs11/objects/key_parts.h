#pragma once

#include "pkcs11/objects/attributes.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace signet::inline pkcs11 {

// What KeyParts call the kind of an RSA key.
inline constexpr std::string_view kRsaKind = "RSA";

// KeyParts are what a public key consists of, in one form for each key. Reading them makes no OpenSSL key, so
// that a full token is compared in little time.
struct KeyParts {
  std::string kind;  // kRsaKind, else OpenSSL's name of the curve: "prime256v1", "ED25519"
  Bytes value;       // RSA: the modulus without leading zeros; else the point, that of EC uncompressed
  Bytes exponent;    // RSA, without leading zeros; empty if the object does not reveal it
};

// PartsOfSpki reads a DER SubjectPublicKeyInfo, that of an RSA-PSS key as that of an RSA key; nothing for
// other kinds of key and for curves without a name.
std::optional<KeyParts> PartsOfSpki(std::span<const std::uint8_t> spki);

// PartsOfNumbers reads CKA_MODULUS and CKA_PUBLIC_EXPONENT, or CKA_EC_PARAMS and CKA_EC_POINT, in all forms
// that modules write (see key_encoding.h); nothing if the object lacks them.
std::optional<KeyParts> PartsOfNumbers(const StoredObject& key);

// KindOf gives what `kind` would be for a key object that may reveal no more than its type and curve; empty
// where it does not even reveal those.
std::string KindOf(const StoredObject& key);

// SpkiOfParts writes a SubjectPublicKeyInfo: rsaEncryption, a named curve, or RFC 8410; empty for an RSA key
// without exponent.
Bytes SpkiOfParts(const KeyParts& parts);

}  // namespace signet::inline pkcs11

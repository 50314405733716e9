#pragma once

#include "identity/public_key.h"
#include "pkcs11/objects/attributes.h"

#include <optional>
#include <span>
#include <string>

namespace signet::inline pkcs11 {

// PublicPartOf builds the public key from what a key object, private or public, reveals: the modulus and
// exponent, or curve and point, else CKA_PUBLIC_KEY_INFO where it does not contradict them. An EC key has a
// named curve (RFC 5480 section 2.1.1). Nothing if the object reveals too little or something that OpenSSL
// does not know.
std::optional<PublicKey> PublicPartOf(const StoredObject& key);

// FromCertified reads a certificate's SubjectPublicKeyInfo; an EC key gets a named curve here too. Throws as
// PublicKey::FromSpki does.
PublicKey FromCertified(std::span<const std::uint8_t> spki);

// KindOf gives what KeyParts call the kind of the key: kRsaKind, or the curve.
std::string KindOf(const PublicKey& key);

// SameKey tells whether the key that `object` reveals is `key`, also where one of them is only marked as
// RSA-PSS; nothing if the object reveals too little, or of `key` only type and curve are known.
std::optional<bool> SameKey(const StoredObject& object, const PublicKey& key);

// MaterialOf gives bytes that are the same for two public keys exactly where the keys are; for RSA keys, the
// modulus counts alone, as a private key may reveal no more. Those of an object are empty if it reveals
// too little. They are read, not checked: a point may be none of its curve.
std::string MaterialOf(const StoredObject& key);
std::string MaterialOf(std::span<const std::uint8_t> spki);

}  // namespace signet::inline pkcs11

#pragma once

#include "identity/public_key.h"
#include "pkcs11/objects/attributes.h"

#include <optional>
#include <string>

namespace signet {

// PublicPartOf builds the public key from what a key object, private or public, reveals: CKA_PUBLIC_KEY_INFO,
// the modulus, or curve and point. Nothing where it reveals too little or something that OpenSSL does not
// know.
std::optional<PublicKey> PublicPartOf(const StoredObject& key);

// SameKey tells whether the key that `object` reveals is `key`, also where one of them is only marked as
// RSA-PSS; nothing where the object reveals too little, or of `key` only type and curve are known.
std::optional<bool> SameKey(const StoredObject& object, const PublicKey& key);
// MaterialOf gives bytes that are the same for two public keys exactly where the keys are, an RSA-PSS key
// being the same as an RSA key with the same numbers.
std::string MaterialOf(const PublicKey& key);
// SameMaterial compares two public keys, an RSA-PSS key being the same as an RSA key with the same numbers.
bool SameMaterial(const PublicKey& a, const PublicKey& b);

}  // namespace signet

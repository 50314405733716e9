#pragma once

#include "identity/public_key.h"
#include "pkcs11/objects/attributes.h"

#include <optional>

namespace signet::inline pkcs11 {

// ShapeOf gives the type and curve (CKA_KEY_TYPE, CKA_EC_PARAMS) of an EC, Ed25519 or Ed448 key object as a
// PublicKey that is not known(); nothing for other keys and for curves that OpenSSL does not know.
std::optional<PublicKey> ShapeOf(const StoredObject& key);

// AllowsPssAlone tells whether CKA_ALLOWED_MECHANISMS lets an RSA key make RSASSA-PSS signatures and nothing
// else. PKCS#11 has no other way to say that a key is an RSA-PSS key (RFC 4055).
bool AllowsPssAlone(const StoredObject& key);

}  // namespace signet::inline pkcs11

#pragma once

#include "pkcs12/ber.h"
#include <signet/secret.h>

#include <optional>

namespace signet::inline pkcs12 {

// WithoutPublicKey gives the PrivateKeyInfo (RFC 5208) of a OneAsymmetricKey of version 2 (RFC 5958), which
// OpenSSL 3.0 to 3.5 cannot read: BouncyCastle writes Ed25519 keys so. Nothing for what is no such thing; the
// caller reads that as it is.
std::optional<Secret> WithoutPublicKey(Bytes der);

}  // namespace signet::inline pkcs12

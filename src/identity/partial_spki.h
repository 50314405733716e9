#pragma once

#include "base/openssl_ptr.h"
#include <signet/private_key.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace signet::inline identity {

// KeyShape is what is known of an EC, Ed25519 or Ed448 key whose public point is not: a token may hold a
// private key alone.
struct KeyShape {
  KeyType type;
  std::string curve;  // OpenSSL's group name, for kEc; else empty
};

// PartialSpki gives a DER SubjectPublicKeyInfo with the algorithm and an empty subjectPublicKey; empty if
// OpenSSL does not know the curve.
std::vector<std::uint8_t> PartialSpki(const KeyShape& shape);
// ReadPartialSpki gives the shape in what PartialSpki wrote; nothing for any other DER.
std::optional<KeyShape> ReadPartialSpki(std::span<const std::uint8_t> der);

// NativeOf makes an EVP_PKEY that has the shape's sizes and curve and matches no public key: an EC key
// without a point, an Edwards key with a point of zeros. Throws Error kUnsupported for other types.
OpenSslPtr<EVP_PKEY> NativeOf(const KeyShape& shape);

}  // namespace signet::inline identity

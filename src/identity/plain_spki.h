#pragma once

#include "base/openssl_ptr.h"

#include <cstdint>
#include <span>

namespace signet::inline identity {

// ReadPlainSpki reads a DER SubjectPublicKeyInfo as it nearly always is: an RSA key, an uncompressed point of
// a named curve, or an Ed25519 or Ed448 key, in the form that OpenSSL writes. OpenSSL's own reader, which
// tries its decoders one after the other, takes ten times as long. Null for anything else, well-formed or
// not.
OpenSslPtr<EVP_PKEY> ReadPlainSpki(std::span<const std::uint8_t> der);

}  // namespace signet::inline identity

#pragma once

#include "pkcs12/ber.h"

#include <string_view>

namespace signet::inline pkcs12 {

// NeverSigns names the public-key algorithm `oid` where its keys only encrypt or agree on keys (RFC 8017
// RSAES-OAEP, RFC 5480 ECDH, RFC 8410 X25519, FIPS 203 ML-KEM); empty for every other one. It knows them
// whether this OpenSSL does or not.
std::string_view NeverSigns(std::string_view oid) noexcept;

// PublicKeyInfo is a SubjectPublicKeyInfo (RFC 5280 section 4.1) in its two parts.
struct PublicKeyInfo {
  std::string algorithm;  // OID, dotted
  Bytes key;              // the BIT STRING with its header

  // Read throws Error kMalformed. The result views `spki`.
  static PublicKeyInfo Read(Bytes spki);
};

}  // namespace signet::inline pkcs12

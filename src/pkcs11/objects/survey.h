#pragma once

#include "pkcs11/objects/pairing.h"
#include "pkcs11/objects/token_reader.h"
#include <signet/certificate.h>
#include <signet/error.h>

#include <optional>
#include <vector>

namespace signet {

// Survey is what a TokenReader has read so far, decoded and paired. Positions are the same in objects,
// `facts`, `decoded`, `unreadable` and `pairs`.
struct Survey {
  Survey(TokenReader& reader, const Token& token, bool with_certificates = true);

  TokenReader::Objects private_keys;
  TokenReader::Objects public_keys;
  TokenReader::Objects certificates;
  std::vector<std::optional<Certificate>> decoded;  // of certificates
  std::vector<std::optional<Error>> unreadable;     // why a certificate is not decoded
  TokenFacts facts;
  std::vector<Pair> pairs;  // of certificates

  // PublicPartFor gives the public key of a private key object, from itself, its certificate or the public
  // key object beside it. That an RSA key is for PSS (RFC 4055) the certificate tells, or without one
  // CKA_ALLOWED_MECHANISMS.
  std::optional<PublicKey> PublicPartFor(std::size_t private_key) const;
};

}  // namespace signet

#pragma once

#include "pkcs11/objects/pairing.h"
#include "pkcs11/objects/token_reader.h"
#include <signet/certificate.h>

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace signet::inline pkcs11 {

// Survey is what a TokenReader has read so far, decoded and paired. Positions are the same in objects,
// `facts`, `decoded` and `pairs`. It must not outlive the reader.
struct Survey {
  explicit Survey(TokenReader& reader, bool with_certificates = true);

  TokenReader::Objects private_keys;
  TokenReader::Objects public_keys;
  TokenReader::Objects certificates;
  std::vector<const DecodedCertificate*> decoded;  // of certificates
  TokenFacts facts;
  std::vector<CertificateKey> pairs;  // of certificates; one that cannot be read pairs with nothing

  // PublicPartFor gives the public key of a private key object, from itself, its certificate or the public
  // key object with it. That an RSA key is for PSS (RFC 4055) the certificate tells, or without one
  // CKA_ALLOWED_MECHANISMS.
  std::optional<PublicKey> PublicPartFor(std::size_t private_key) const;
  // CertificatesOf gives those that pair with a private key.
  const std::vector<std::size_t>& CertificatesOf(std::size_t private_key) const {
    return certificates_of_[private_key];
  }

 private:
  void DropNumbersThatMakeNoKey();

  std::vector<std::vector<std::size_t>> certificates_of_;
  std::unordered_map<std::string, std::size_t> public_by_material_;
};

}  // namespace signet::inline pkcs11

#pragma once

#include "pkcs11/objects/attributes.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace signet::inline pkcs11 {

// ObjectFacts is what pairing looks at.
struct ObjectFacts {
  Bytes id;               // CKA_ID; may be empty
  std::string label;      // CKA_LABEL; may be empty
  std::string material;   // MaterialOf its public key; empty if the object does not reveal it
  std::string kind = {};  // KindOf its key; empty if the object does not even reveal that
};

// FactsOf reads a key object, or a certificate by its object's ID and label and its SubjectPublicKeyInfo.
ObjectFacts FactsOf(const StoredObject& key);
ObjectFacts FactsOf(Bytes id, std::string label, std::span<const std::uint8_t> spki);

// TokenFacts are the objects of one token.
struct TokenFacts {
  std::vector<ObjectFacts> private_keys;
  std::vector<ObjectFacts> public_keys;
  std::vector<ObjectFacts> certificates;
};

// CertificateKey says which private key is a certificate's.
struct CertificateKey {
  std::optional<std::size_t> private_key;  // index; none: no key belongs to it
  bool known = false;     // both reveal the same public key; else the first signature decides
  bool mismatch = false;  // none, and the key with its CKA_ID is known to be another one
};

// CompletePrivateKeys completes `facts`: a private key that reveals no public key gets that of the public key
// object with it, by CKA_ID where that leaves no choice, by CKA_ID and label, or by a label that is unique.
void CompletePrivateKeys(TokenFacts& facts);

// PairCertificates gives for each certificate its private key: by CKA_ID and public key, then by public key,
// then by CKA_ID, then by a label that is unique among the token's keys and among its certificates. Public
// key or kind decide between several keys with one CKA_ID, then the label. A key that is known to be another
// one is never taken. Pure; the time is in proportion to the number of objects, unless many share one CKA_ID.
std::vector<CertificateKey> PairCertificates(const TokenFacts& facts);

}  // namespace signet::inline pkcs11

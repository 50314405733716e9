#pragma once

#include "identity/public_key.h"
#include "pkcs11/objects/attributes.h"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace signet {

// ObjectFacts is what pairing looks at.
struct ObjectFacts {
  Bytes id;              // CKA_ID; may be empty
  std::string label;     // CKA_LABEL; may be empty
  std::string material;  // MaterialOf its public key; empty where the object does not reveal it
};

// TokenFacts are the objects of one token.
struct TokenFacts {
  std::vector<ObjectFacts> private_keys;
  std::vector<ObjectFacts> public_keys;
  std::vector<ObjectFacts> certificates;
};

// Pair says which private key is a certificate's.
struct Pair {
  std::optional<std::size_t> private_key;  // index; none: no key belongs to it
  bool known = false;     // both reveal the same public key; else the first signature decides
  bool mismatch = false;  // none, and the key with its CKA_ID is known to be another one
};

// CompletePrivateKeys completes `facts`: a private key that reveals no public key gets that of the public key
// object beside it, by CKA_ID where that is unique, else by a label that is.
void CompletePrivateKeys(TokenFacts& facts);

// PairCertificates gives for each certificate its private key: by CKA_ID, then by public key, then by a label
// that is unique among the token's keys and among its certificates. A key that is known to be another one is
// never taken. Pure.
std::vector<Pair> PairCertificates(const TokenFacts& facts);

}  // namespace signet

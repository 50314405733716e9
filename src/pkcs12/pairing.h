#pragma once

#include "pkcs12/container.h"
#include "pkcs12/uri.h"
#include <signet/certificate_chain.h>
#include <signet/identity_source.h>

#include <string>
#include <vector>

namespace signet {

// Pair is a key of a file with its certificates, or with why it has none.
struct Pair {
  std::shared_ptr<FileKey> key;
  BagAttributes attributes;       // of the key, completed from its certificate
  BagAttributes leaf_attributes;  // of the certificate
  std::optional<CertificateChain> chain;
  std::optional<Error> problem;  // why it is no identity
};

// PairUp finds the certificate of each key by its public key, preferring the one that shares its localKeyID,
// and completes the chain from the file and from `extra`. A key that only encrypts or agrees on keys,
// by itself or as its certificate says, is a problem, kNoSigningKey.
std::vector<Pair> PairUp(const Contents& contents, const std::vector<Certificate>& extra);

// Matches tells whether `uri` names the pair.
bool Matches(const Pkcs12Uri& uri, const Pair& pair);

// UriFor gives the shortest URI that names `pair` and no other of `all`: the file alone where it has one.
std::string UriFor(const std::string& path, const Pair& pair, const std::vector<Pair>& all);

}  // namespace signet

#pragma once

#include "pkcs12/container.h"
#include "pkcs12/uri.h"
#include <signet/certificate_chain.h>
#include <signet/identity_source.h>

#include <string>
#include <vector>

namespace signet::inline pkcs12 {

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

// Locked gives the keys that were not decrypted, without key and chain, as Matches and UriFor see them: the
// attributes are completed from the certificate that shares the localKeyID.
std::vector<Pair> Locked(const Contents& contents);

// KeysNamedBy tells of the keys of a file, before they are decrypted, which ones `uri` may name: by their own
// attributes, by those of the certificates that share their localKeyID, and where a certificate that is named
// shares none, every key that shares none either.
std::vector<bool> KeysNamedBy(const Pkcs12Uri& uri, const Bags& bags);

// Matches tells whether `uri` names the pair.
bool Matches(const Pkcs12Uri& uri, const Pair& pair);

// UriFor gives the shortest URI that names `pair` and no other of `all`: the file alone where it has one.
std::string UriFor(const std::string& path, const Pair& pair, const std::vector<Pair>& all);

}  // namespace signet::inline pkcs12

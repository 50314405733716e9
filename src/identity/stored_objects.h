#pragma once

#include "identity/public_key.h"
#include <signet/certificate.h>
#include <signet/identity_source.h>
#include <signet/private_key.h>

#include <memory>
#include <vector>

namespace signet::inline identity {

// Wanted is a set of object kinds, so that a source searches only for requested objects.
enum Wanted : unsigned {
  kWantPrivateKeys = 1,
  kWantPublicKeys = 2,
  kWantCertificates = 4,
  kWantAll = 7,
};

// StoredObjects is what a URI names, before anything is paired: a key needs no certificate here, and the
// reverse.
struct StoredObjects {
  std::vector<std::shared_ptr<PrivateKey>> private_keys;
  std::vector<PublicKey> public_keys;
  std::vector<Certificate> certificates;  // leaf of a key first, then its chain, then others
  std::vector<Problem> problems;          // why something is missing: a PIN refused, a file malformed
};

}  // namespace signet::inline identity

#pragma once

#include "diagnosis/explanation.h"
#include <signet/identity.h>

#include <vector>

namespace signet::tool {

// Remarks say what keeps an identity from client authentication at any server, and what may go wrong at some:
// TLS 1.3 where its key has no scheme for that, a chain that stops short or has expired above the leaf, a
// PKCS#12 file that other programs cannot read.
struct Remarks {
  std::vector<Explanation> unfit;
  std::vector<Explanation> notes;
  // What is usual, and only some servers miss: a token without the issuers' certificates.
  std::vector<Explanation> asides;
};
Remarks RemarksOn(const Identity& identity, TimePoint now);

}  // namespace signet::tool

#pragma once

#include <vector>

#include <openssl/core_dispatch.h>

namespace signet::provider {

// Family is one OpenSSL signature algorithm that leaves hash and padding to parameters.
enum class Family { kRsa, kEcdsa, kEd25519, kEd448 };

const OSSL_DISPATCH* SignatureFunctions(Family family);

// SigalgEntry is a signature algorithm that brings its hash and padding, as OpenSSL 3.4 fetches them.
struct SigalgEntry {
  const char* names;
  const OSSL_DISPATCH* functions;
};

// SigalgEntries is empty where OpenSSL is older.
std::vector<SigalgEntry> SigalgEntries();

}  // namespace signet::provider

#pragma once

#include <cstddef>
#include <vector>

#include <openssl/core_dispatch.h>

namespace signet::provider {

// Family is one OpenSSL signature algorithm that leaves hash and padding to parameters.
enum class Family { kRsa, kEcdsa, kEd25519, kEd448 };

const OSSL_DISPATCH* SignatureFunctions(Family family);

// OwnName is a further name of a family, which no other provider has. By it our keys say what signs with
// them: libcrypto asks for that name among all providers, and would by ECDSA come to `default` first, and try
// to export the key to it at every signature, which fails.
constexpr const char* OwnName(Family family) noexcept {
  constexpr const char* kNames[] = {"SIGNET-RSA", "SIGNET-ECDSA", "SIGNET-ED25519", "SIGNET-ED448"};
  return kNames[static_cast<std::size_t>(family)];
}

// SigalgEntry is a signature algorithm that brings its hash and padding, as OpenSSL 3.4 fetches them.
struct SigalgEntry {
  const char* names;
  const OSSL_DISPATCH* functions;
};

// SigalgEntries is empty if OpenSSL is older.
std::vector<SigalgEntry> SigalgEntries();

}  // namespace signet::provider

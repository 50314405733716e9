#pragma once

#include "base/openssl_ptr.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace signet::bench {

// Algorithm is one kind of signature, and the kind of key that makes it.
struct Algorithm {
  std::string_view name;
  std::string_view key;  // as the testing kit makes it
  const char* digest;    // null: the algorithm has its own
  bool pss = false;
};

inline constexpr Algorithm kAlgorithms[] = {
    {"rsa-pss", "rsa:2048", "SHA256", true},
    {"rsa-pkcs1", "rsa:2048", "SHA256"},
    {"ecdsa", "ec:P-256", "SHA256"},
    {"ed25519", "ed25519", nullptr},
};
inline constexpr const Algorithm& kEcdsa = kAlgorithms[2];

// Sign makes one signature in the way that libssl makes it, by EVP_DigestSign on a fresh EVP_MD_CTX, and
// returns its size. Throws signet::Error.
std::size_t Sign(EVP_PKEY* key, OSSL_LIB_CTX* library, const Algorithm& algorithm,
                 std::span<const std::uint8_t> message, std::span<std::uint8_t> signature);

// DigestSigner signs digests by EVP_PKEY_sign on one EVP_PKEY_CTX, as a loop of the bare PKCS#11 calls signs
// them in one session. For one thread.
class DigestSigner {
 public:
  DigestSigner(EVP_PKEY* key, OSSL_LIB_CTX* library);
  // Sign returns the signature's size, or throws signet::Error.
  std::size_t Sign(std::span<const std::uint8_t> digest, std::span<std::uint8_t> signature);

 private:
  OpenSslPtr<EVP_PKEY_CTX> context_;
};

}  // namespace signet::bench

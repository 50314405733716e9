#pragma once

#include "pkcs12/algorithms.h"
#include "pkcs12/ber.h"
#include <signet/secret.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace signet::inline pkcs12 {

// Pkcs12Purpose is the diversifier of RFC 7292 appendix B.3.
enum class Pkcs12Purpose { kKey = 1, kIv = 2, kMac = 3 };

// DerivedKey is a key, an IV or both, wiped when it dies. It lives for one decryption: pages of its own, as a
// Secret has them, would cost more than they protect.
class DerivedKey {
 public:
  static constexpr std::size_t kCapacity = 1024;

  // DerivedKey makes `size` zero bytes; throws Error kMalformed for more than kCapacity.
  explicit DerivedKey(std::size_t size);
  DerivedKey(const DerivedKey&) = default;
  DerivedKey& operator=(const DerivedKey&) = default;
  ~DerivedKey();

  Bytes bytes() const noexcept { return {bytes_.data(), size_}; }
  std::uint8_t* data() noexcept { return bytes_.data(); }

 private:
  std::array<std::uint8_t, kCapacity> bytes_{};
  std::size_t size_;
};

// Each function derives `size` bytes; throws Error kUnsupported if OpenSSL lacks the digest.
DerivedKey DerivePkcs12(const Digest& digest, const Secret& bmp_password, Bytes salt,
                        std::uint64_t iterations, Pkcs12Purpose purpose, std::size_t size);
DerivedKey DerivePbkdf2(const Digest& prf, const Secret& password, Bytes salt, std::uint64_t iterations,
                        std::size_t size);
DerivedKey DerivePbkdf1(const Digest& digest, const Secret& password, Bytes salt, std::uint64_t iterations,
                        std::size_t size);
DerivedKey DeriveScrypt(const Secret& password, Bytes salt, std::uint64_t n, std::uint64_t r, std::uint64_t p,
                        std::size_t size);

}  // namespace signet::inline pkcs12

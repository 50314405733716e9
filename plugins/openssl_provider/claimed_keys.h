#pragma once

#include "base/mutex.h"
#include "identity/public_key.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace signet::provider {

// ClaimedKeys are the public keys that a program has put beside a private key whose token does not show its
// public part, as SSL_CTX_use_PrivateKey does with the certificate's. A program may compare the private key
// with several; the first signature tells which one is its own. For any thread.
class ClaimedKeys {
 public:
  // Claim tells whether `key`, which fits in type and curve, may be the public part: any key, until one is
  // proven. It remembers the last kMost.
  bool Claim(PublicKey key);
  // Check proves the claimed key with which `signature` over `input` (as for PrivateKey::Sign) verifies, and
  // tells whether there is one; also true if none was claimed, so that nothing can be said.
  bool Check(const SigningAlgorithm& algorithm, std::span<const std::uint8_t> input,
             std::span<const std::uint8_t> signature);
  // settled tells whether Check has nothing to do any more.
  bool settled() const noexcept { return settled_.load(std::memory_order_acquire); }

 private:
  static constexpr std::size_t kMost = 64;

  Mutex mutex_;
  std::vector<PublicKey> claimed_ SIGNET_GUARDED_BY(mutex_);  // once proven, that one alone
  std::atomic<bool> settled_{false};
};

}  // namespace signet::provider

#include "openssl_provider/claimed_keys.h"

#include <algorithm>

namespace signet::provider {

bool ClaimedKeys::Claim(PublicKey key) {
  const Lock lock(mutex_);
  const bool known = std::ranges::find(claimed_, key) != claimed_.end();
  if (known || settled()) return known;
  if (claimed_.size() == kMost) claimed_.erase(claimed_.begin());
  claimed_.push_back(std::move(key));
  return true;
}

bool ClaimedKeys::Check(const SigningAlgorithm& algorithm, std::span<const std::uint8_t> input,
                        std::span<const std::uint8_t> signature) {
  const Lock lock(mutex_);
  if (claimed_.empty() || settled()) return true;
  const auto own = std::ranges::find_if(
      claimed_, [&](const PublicKey& key) { return key.Verify(algorithm, input, signature); });
  if (own == claimed_.end()) return false;
  std::swap(claimed_.front(), *own);
  claimed_.erase(claimed_.begin() + 1, claimed_.end());
  settled_.store(true, std::memory_order_release);
  return true;
}

}  // namespace signet::provider

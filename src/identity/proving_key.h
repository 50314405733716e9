#pragma once

#include "identity/forwarding_key.h"
#include "identity/public_key.h"

#include <atomic>
#include <memory>
#include <optional>

namespace signet::inline identity {

// ProvingKey is a key that is not known to be the one of `certified`: until a signature verified, each is
// verified before it is released. One that does not throws Error kKeyCertificateMismatch, which Unavailable
// tells from then on.
class ProvingKey final : public ForwardingKey {
 public:
  ProvingKey(std::shared_ptr<PrivateKey> key, PublicKey certified)
      : ForwardingKey(std::move(key)), certified_(std::move(certified)) {}

  std::span<const std::uint8_t> subject_public_key_info() const noexcept override {
    return certified_.spki();
  }
  Proof proof() const noexcept override {
    return seen_.load(std::memory_order_acquire) == Seen::kGood ? Proof::kDone : Proof::kPending;
  }
  std::size_t max_signature_size() const noexcept override;
  std::size_t Sign(const SigningAlgorithm& algorithm, std::span<const std::uint8_t> input,
                   std::span<std::uint8_t> signature) override;
  std::size_t SignWhole(const SigningAlgorithm& algorithm, std::span<const std::uint8_t> message,
                        std::span<std::uint8_t> signature) override;
  std::optional<Error> Unavailable() const override;
  // A key that is handed out as its bytes proves nothing here any more.
  std::optional<Secret> ExportPkcs8() const override;

 private:
  enum class Seen { kNothing, kGood, kWrong };

  Error Mismatch() const;
  void Prove(const SigningAlgorithm& algorithm, std::span<const std::uint8_t> input,
             std::span<std::uint8_t> signature);

  const PublicKey certified_;
  std::atomic<Seen> seen_ = Seen::kNothing;
};

}  // namespace signet::inline identity

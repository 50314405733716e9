#pragma once

#include <signet/private_key.h>

#include <memory>
#include <utility>

namespace signet::inline identity {

// ForwardingKey has another key do everything: a key with something on top overrides what that concerns. A
// function that is added to PrivateKey is added here.
class ForwardingKey : public PrivateKey {
 public:
  explicit ForwardingKey(std::shared_ptr<PrivateKey> key) : key_(std::move(key)) {}

  KeyType type() const noexcept override { return key_->type(); }
  std::span<const std::uint8_t> subject_public_key_info() const noexcept override {
    return key_->subject_public_key_info();
  }
  Proof proof() const noexcept override { return key_->proof(); }
  std::vector<SignatureScheme> schemes() const override { return key_->schemes(); }
  std::size_t max_signature_size() const noexcept override { return key_->max_signature_size(); }
  bool Supports(const SigningAlgorithm& algorithm) const override { return key_->Supports(algorithm); }
  bool NeedsMessage(const SigningAlgorithm& algorithm) const override {
    return key_->NeedsMessage(algorithm);
  }
  std::size_t Sign(const SigningAlgorithm& algorithm, std::span<const std::uint8_t> input,
                   std::span<std::uint8_t> signature) override {
    return key_->Sign(algorithm, input, signature);
  }
  std::size_t SignWhole(const SigningAlgorithm& algorithm, std::span<const std::uint8_t> message,
                        std::span<std::uint8_t> signature) override {
    return key_->SignWhole(algorithm, message, signature);
  }
  // The key below keeps only itself alive.
  void RunAsync(std::function<void()> work) override {
    key_->RunAsync([self = weak_from_this().lock(), work = std::move(work)] { work(); });
  }
  bool CanDecrypt(const DecryptionAlgorithm& algorithm) const override { return key_->CanDecrypt(algorithm); }
  std::size_t Decrypt(const DecryptionAlgorithm& algorithm, std::span<const std::uint8_t> input,
                      std::span<std::uint8_t> output) override {
    return key_->Decrypt(algorithm, input, output);
  }
  bool can_derive() const override { return key_->can_derive(); }
  Secret Derive(std::span<const std::uint8_t> peer_point) override { return key_->Derive(peer_point); }
  void Unlock() override { key_->Unlock(); }
  bool locked() const override { return key_->locked(); }
  std::optional<Error> Unavailable() const override { return key_->Unavailable(); }
  std::string uri() const override { return key_->uri(); }
  std::string label() const override { return key_->label(); }
  bool in_hardware() const noexcept override { return key_->in_hardware(); }
  std::optional<Secret> ExportPkcs8() const override { return key_->ExportPkcs8(); }

 private:
  const std::shared_ptr<PrivateKey> key_;
};

}  // namespace signet::inline identity

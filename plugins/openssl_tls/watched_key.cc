#include "openssl_tls/answered.h"

#include <utility>

namespace signet::openssl {
namespace {

class WatchedKey final : public PrivateKey {
 public:
  WatchedKey(std::shared_ptr<PrivateKey> key, std::shared_ptr<Answered> answered)
      : key_(std::move(key)), answered_(std::move(answered)) {}

  KeyType type() const noexcept override { return key_->type(); }
  std::span<const std::uint8_t> subject_public_key_info() const noexcept override {
    return key_->subject_public_key_info();
  }
  std::vector<SignatureScheme> schemes() const override { return key_->schemes(); }
  std::size_t max_signature_size() const noexcept override { return key_->max_signature_size(); }
  bool Supports(const SigningAlgorithm& algorithm) const override { return key_->Supports(algorithm); }
  bool NeedsMessage(const SigningAlgorithm& algorithm) const override {
    return key_->NeedsMessage(algorithm);
  }
  std::size_t Sign(const SigningAlgorithm& algorithm, std::span<const std::uint8_t> input,
                   std::span<std::uint8_t> signature) override {
    return Watch([&] { return key_->Sign(algorithm, input, signature); });
  }
  std::size_t SignWhole(const SigningAlgorithm& algorithm, std::span<const std::uint8_t> message,
                        std::span<std::uint8_t> signature) override {
    return Watch([&] { return key_->SignWhole(algorithm, message, signature); });
  }
  void RunAsync(std::function<void()> work) override { key_->RunAsync(std::move(work)); }
  bool CanDecrypt(const DecryptionAlgorithm& algorithm) const override { return key_->CanDecrypt(algorithm); }
  std::size_t Decrypt(const DecryptionAlgorithm& algorithm, std::span<const std::uint8_t> input,
                      std::span<std::uint8_t> output) override {
    return Watch([&] { return key_->Decrypt(algorithm, input, output); });
  }
  bool can_derive() const override { return key_->can_derive(); }
  Secret Derive(std::span<const std::uint8_t> peer_point) override { return key_->Derive(peer_point); }
  void Unlock() override { key_->Unlock(); }
  bool locked() const override { return key_->locked(); }
  std::optional<Error> Unavailable() const override { return key_->Unavailable(); }
  std::string uri() const override { return key_->uri(); }
  bool in_hardware() const noexcept override { return key_->in_hardware(); }
  std::optional<Secret> ExportPkcs8() const override { return key_->ExportPkcs8(); }

 private:
  // A worker thread may be the one that signs; its caller waits for it before it reads the error.
  template <class Work>
  std::size_t Watch(Work&& work) {
    try {
      const std::size_t size = work();
      answered_->error.reset();
      return size;
    } catch (const Error& error) {
      answered_->error = error;
      throw;
    }
  }

  std::shared_ptr<PrivateKey> key_;
  std::shared_ptr<Answered> answered_;
};

}  // namespace

std::shared_ptr<PrivateKey> Watched(std::shared_ptr<PrivateKey> key, std::shared_ptr<Answered> answered) {
  return std::make_shared<WatchedKey>(std::move(key), std::move(answered));
}

}  // namespace signet::openssl

#include "identity/forwarding_key.h"
#include "openssl_tls/answered.h"

#include <utility>

namespace signet::openssl {
namespace {

class WatchedKey final : public ForwardingKey {
 public:
  WatchedKey(std::shared_ptr<PrivateKey> key, std::shared_ptr<Answered> answered)
      : ForwardingKey(std::move(key)), answered_(std::move(answered)) {}

  std::size_t Sign(const SigningAlgorithm& algorithm, std::span<const std::uint8_t> input,
                   std::span<std::uint8_t> signature) override {
    return Watch([&] { return ForwardingKey::Sign(algorithm, input, signature); });
  }
  std::size_t SignWhole(const SigningAlgorithm& algorithm, std::span<const std::uint8_t> message,
                        std::span<std::uint8_t> signature) override {
    return Watch([&] { return ForwardingKey::SignWhole(algorithm, message, signature); });
  }
  std::size_t Decrypt(const DecryptionAlgorithm& algorithm, std::span<const std::uint8_t> input,
                      std::span<std::uint8_t> output) override {
    return Watch([&] { return ForwardingKey::Decrypt(algorithm, input, output); });
  }

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

  std::shared_ptr<Answered> answered_;
};

}  // namespace

std::shared_ptr<PrivateKey> Watched(std::shared_ptr<PrivateKey> key, std::shared_ptr<Answered> answered) {
  return std::make_shared<WatchedKey>(std::move(key), std::move(answered));
}

}  // namespace signet::openssl

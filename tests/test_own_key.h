#pragma once

#include <signet/identity.h>
#include <signet/own_key.h>
#include <signet/testing/test_pki.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <vector>

namespace signet {

// TestOwnKey is a program's own key: the key of a test identity, behind OwnKey's functions.
class TestOwnKey : public OwnKey {
 public:
  explicit TestOwnKey(const testing::TestIdentity& identity)
      : key_(Identity::FromPem(identity.ChainPem(), identity.PrivateKeyPem()).key()),
        spki_(CopyOf(identity.certificate.subject_public_key_info())) {}

  std::vector<std::uint8_t> public_key() const override { return spki_; }
  std::vector<SignatureScheme> schemes() const override { return SchemesFor(spki_); }
  std::vector<std::uint8_t> Sign(SignatureScheme scheme, std::span<const std::uint8_t> message) override {
    ++signatures;
    if (broken) throw std::runtime_error("the vault is closed");
    return key_->SignMessage(scheme, message);
  }

  std::atomic<int> signatures = 0;
  std::atomic<bool> broken = false;

 protected:
  static std::vector<std::uint8_t> CopyOf(std::span<const std::uint8_t> bytes) {
    return {bytes.begin(), bytes.end()};
  }
  PrivateKey& key() const { return *key_; }

 private:
  const std::shared_ptr<PrivateKey> key_;
  const std::vector<std::uint8_t> spki_;
};

// WholeOwnKey does what is optional too.
class WholeOwnKey final : public TestOwnKey {
 public:
  using TestOwnKey::TestOwnKey;
  bool CanSignDigest(const SigningAlgorithm& algorithm) const override { return key().Supports(algorithm); }
  std::vector<std::uint8_t> SignDigest(const SigningAlgorithm& algorithm,
                                       std::span<const std::uint8_t> digest) override {
    std::vector<std::uint8_t> signature(key().max_signature_size());
    signature.resize(key().Sign(algorithm, digest, signature));
    return signature;
  }
  bool CanDecrypt(const DecryptionAlgorithm& algorithm) const override { return key().CanDecrypt(algorithm); }
  Secret Decrypt(const DecryptionAlgorithm& algorithm, std::span<const std::uint8_t> input) override {
    Secret message = Secret::OfSize(input.size());
    message.Shrink(key().Decrypt(algorithm, input, message.writable_bytes()));
    return message;
  }
  bool can_derive() const override { return key().can_derive(); }
  Secret Derive(std::span<const std::uint8_t> peer_point) override { return key().Derive(peer_point); }
};

}  // namespace signet

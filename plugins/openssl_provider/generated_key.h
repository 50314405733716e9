#pragma once

#include "identity/public_key.h"
#include "identity/software_key.h"
#include <signet/private_key.h>

namespace signet::provider {

// GeneratedKey is a key pair that libcrypto had us make in software; see keymgmt_generation.cc for why.
class GeneratedKey : public PrivateKey {
 public:
  // GeneratedKey shares `key`, which is in our own library context.
  explicit GeneratedKey(EVP_PKEY* key);

  KeyType type() const noexcept override { return public_key_.type(); }
  std::span<const std::uint8_t> subject_public_key_info() const noexcept override {
    return public_key_.spki();
  }
  Proof proof() const noexcept override { return Proof::kDone; }
  std::vector<SignatureScheme> schemes() const override;
  std::size_t max_signature_size() const noexcept override { return public_key_.max_signature_size(); }
  bool Supports(const SigningAlgorithm&) const override { return true; }
  std::size_t Sign(const SigningAlgorithm& algorithm, std::span<const std::uint8_t> input,
                   std::span<std::uint8_t> signature) override {
    return SignInSoftware(key_.get(), algorithm, input, signature);
  }
  bool CanDecrypt(const DecryptionAlgorithm&) const override { return type() == KeyType::kRsa; }
  std::size_t Decrypt(const DecryptionAlgorithm& algorithm, std::span<const std::uint8_t> input,
                      std::span<std::uint8_t> output) override {
    return DecryptInSoftware(key_.get(), algorithm, input, output);
  }
  bool can_derive() const override { return type() == KeyType::kEc; }
  Secret Derive(std::span<const std::uint8_t> peer_point) override {
    return DeriveInSoftware(key_.get(), peer_point);
  }
  bool in_hardware() const noexcept override { return false; }

 private:
  const PublicKey public_key_;
  const OpenSslPtr<EVP_PKEY> key_;
};

}  // namespace signet::provider

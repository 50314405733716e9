#pragma once

#include "pkcs12/file_key.h"
#include <signet/error.h>
#include <signet/identity.h>
#include <signet/testing/test_pki.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace signet::botan {

// MakeIdentity puts a test certificate and its key together, as a source would.
inline Identity MakeIdentity(const testing::TestIdentity& made, std::string uri) {
  return Identity::Make(CertificateChain(made.certificate, made.issuers),
                          FileKey::FromPkcs8(made.private_key), Identity::Source::kPkcs12, std::move(uri));
}

// ChangedKey is a key with another behaviour of its own on top.
class ChangedKey : public signet::PrivateKey {
 public:
  explicit ChangedKey(std::shared_ptr<signet::PrivateKey> key) : key_(std::move(key)) {}

  KeyType type() const noexcept override { return key_->type(); }
  std::span<const std::uint8_t> subject_public_key_info() const noexcept override {
    return key_->subject_public_key_info();
  }
  Proof proof() const noexcept override { return key_->proof(); }
  std::vector<SignatureScheme> schemes() const override { return key_->schemes(); }
  std::size_t max_signature_size() const noexcept override { return key_->max_signature_size(); }
  bool Supports(const SigningAlgorithm& algorithm) const override { return key_->Supports(algorithm); }
  std::size_t Sign(const SigningAlgorithm& algorithm, std::span<const std::uint8_t> input,
                   std::span<std::uint8_t> signature) override {
    return key_->Sign(algorithm, input, signature);
  }
  bool in_hardware() const noexcept override { return true; }

 private:
  std::shared_ptr<signet::PrivateKey> key_;
};

// FailingKey is a key in a token that has gone.
class FailingKey final : public ChangedKey {
 public:
  using ChangedKey::ChangedKey;
  std::size_t Sign(const SigningAlgorithm&, std::span<const std::uint8_t>, std::span<std::uint8_t>) override {
    throw Error({.code = ErrorCode::kTokenAbsent,
                 .detail = "the token is absent",
                 .call = "C_SignInit",
                 .hint = "Put it back."});
  }
};

// Pkcs1OnlyKey is a key in a token that has neither PSS nor the raw RSA operation.
class Pkcs1OnlyKey final : public ChangedKey {
 public:
  using ChangedKey::ChangedKey;
  std::vector<SignatureScheme> schemes() const override { return {SignatureScheme::kRsaPkcs1Sha256}; }
  bool Supports(const SigningAlgorithm& algorithm) const override {
    return algorithm.kind == SigningAlgorithm::Kind::kRsaPkcs1;
  }
};

// Sha512OnlyKey is a key in a token that does RSA-PSS with SHA-512 only.
class Sha512OnlyKey final : public ChangedKey {
 public:
  using ChangedKey::ChangedKey;
  std::vector<SignatureScheme> schemes() const override { return {SignatureScheme::kRsaPssRsaeSha512}; }
  bool Supports(const SigningAlgorithm& algorithm) const override {
    return algorithm.kind == SigningAlgorithm::Kind::kRsaPss && algorithm.hash == Hash::kSha512;
  }
};

// LeavingKey is a key in a token that can be taken away.
class LeavingKey final : public ChangedKey {
 public:
  using ChangedKey::ChangedKey;
  std::optional<Error> Unavailable() const override {
    if (!gone) return std::nullopt;
    return Error({.code = ErrorCode::kTokenAbsent, .detail = "the token is absent", .hint = "Put it back."});
  }
  std::atomic<bool> gone = false;
};

// WithKey gives the identity of a test certificate with a key of class `Key` around its own.
template <class Key>
Identity WithKey(const testing::TestIdentity& made, std::string uri) {
  return Identity::Make(CertificateChain(made.certificate, made.issuers),
                          std::make_shared<Key>(FileKey::FromPkcs8(made.private_key)),
                          Identity::Source::kPkcs11, std::move(uri));
}

}  // namespace signet::botan

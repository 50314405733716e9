#pragma once

#include "base/openssl_context.h"
#include "base/openssl_error.h"
#include "base/openssl_ptr.h"
#include "identity/public_key.h"
#include "identity/signature_schemes.h"
#include "identity/software_key.h"
#include <signet/error.h>
#include <signet/testing/test_pki.h>

#include <atomic>
#include <memory>
#include <mutex>

namespace signet {

// CountingKey is a key of this process in the guise of one in a token: it counts what reaches it.
class CountingKey : public PrivateKey {
 public:
  explicit CountingKey(const testing::TestIdentity& identity)
      : public_key_(PublicKey::FromSpki(identity.certificate.subject_public_key_info())) {
    const unsigned char* position = identity.private_key.data();
    key_.reset(
        CheckOpenSsl(d2i_AutoPrivateKey_ex(nullptr, &position, static_cast<long>(identity.private_key.size()),
                                           OwnContext(), nullptr),
                     "d2i_AutoPrivateKey_ex"));
  }

  KeyType type() const noexcept override { return public_key_.type(); }
  std::span<const std::uint8_t> subject_public_key_info() const noexcept override {
    return public_key_.spki();
  }
  Proof proof() const noexcept override { return Proof::kDone; }
  std::vector<SignatureScheme> schemes() const override {
    return SchemesFor(type(), public_key_.curve(), public_key_.bits());
  }
  std::size_t max_signature_size() const noexcept override { return public_key_.max_signature_size(); }
  bool Supports(const SigningAlgorithm&) const override { return true; }
  bool in_hardware() const noexcept override { return true; }

  std::size_t Sign(const SigningAlgorithm& algorithm, std::span<const std::uint8_t> input,
                   std::span<std::uint8_t> signature) override {
    ++signatures;
    {
      const std::lock_guard lock(mutex_);
      last_algorithm_ = algorithm;
    }
    if (refuses) {
      throw Error({.code = ErrorCode::kTokenAbsent,
                   .detail = "the token is no longer present",
                   .call = "C_SignInit",
                   .native = {NativeCode::Kind::kPkcs11, 0xe1, "CKR_TOKEN_NOT_RECOGNIZED"},
                   .hint = "Put it back."});
    }
    if (signature.size() < max_signature_size())
      throw Error({.code = ErrorCode::kBadArgument, .detail = "short buffer"});
    return SignInSoftware(key_.get(), algorithm, input, signature);
  }

  std::atomic<int> signatures = 0;
  bool refuses = false;
  SigningAlgorithm last_algorithm() const {
    const std::lock_guard lock(mutex_);
    return last_algorithm_;
  }

 private:
  mutable std::mutex mutex_;
  SigningAlgorithm last_algorithm_{};
  PublicKey public_key_;
  OpenSslPtr<EVP_PKEY> key_;
};

}  // namespace signet

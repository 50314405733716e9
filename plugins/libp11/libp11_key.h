#pragma once

#include "base/openssl_ptr.h"
#include "identity/public_key.h"
#include <signet/private_key.h>

#include <string>
#include <vector>

namespace signet::inline libp11 {

// Libp11Key signs with the EVP_PKEY of a libp11 key, which holds on to the object behind it. The digest is
// computed by the caller; PSS padding is done here, over raw RSA on the token.
class Libp11Key final : public PrivateKey {
 public:
  // Libp11Key tries each way of signing and verifies with `certified`; throws Error, see FromLibp11. `uri` is
  // for errors.
  Libp11Key(OpenSslPtr<EVP_PKEY> key, PublicKey certified, std::string uri);

  KeyType type() const noexcept override { return certified_.type(); }
  std::span<const std::uint8_t> subject_public_key_info() const noexcept override {
    return certified_.spki();
  }
  // Its making verified a signature.
  Proof proof() const noexcept override { return Proof::kDone; }
  std::vector<SignatureScheme> schemes() const override;
  std::size_t max_signature_size() const noexcept override { return certified_.max_signature_size(); }
  bool Supports(const SigningAlgorithm& algorithm) const override;
  std::size_t Sign(const SigningAlgorithm& algorithm, std::span<const std::uint8_t> input,
                   std::span<std::uint8_t> signature) override;
  bool in_hardware() const noexcept override { return true; }

 private:
  void CheckArguments(const SigningAlgorithm& algorithm, std::span<const std::uint8_t> input,
                      std::span<std::uint8_t> signature) const;
  bool Try(const SigningAlgorithm& algorithm);

  const OpenSslPtr<EVP_PKEY> key_;
  const PublicKey certified_;
  const std::string uri_;
  std::vector<SigningAlgorithm::Kind> works_;
};

}  // namespace signet::inline libp11

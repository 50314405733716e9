#pragma once

#include "base/openssl_ptr.h"
#include "identity/software_key.h"
#include "pkcs12/ber.h"
#include <signet/private_key.h>

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace signet::inline pkcs12 {

// FileKey is a private key in this process's memory, in our own library context.
class FileKey final : public PrivateKey {
 public:
  // FromPkcs8 reads a PrivateKeyInfo (RFC 5208); throws Error kMalformed, kTooCostly, kNoSigningKey for
  // an algorithm that never signs, or kUnsupported naming the algorithm or the elliptic curve.
  static std::shared_ptr<FileKey> FromPkcs8(Bytes der);
  // AsRsaPss gives the same RSA key bound to RSASSA-PSS with the restrictions that `spki` states (RFC 4055):
  // a file may hold such a key under the plain RSA identifier.
  std::shared_ptr<FileKey> AsRsaPss(Bytes spki) const;

  KeyType type() const noexcept override { return type_; }
  std::span<const std::uint8_t> subject_public_key_info() const noexcept override;
  Proof proof() const noexcept override { return Proof::kDone; }
  std::vector<SignatureScheme> schemes() const override { return schemes_; }
  std::size_t max_signature_size() const noexcept override;
  bool Supports(const SigningAlgorithm& algorithm) const override;
  std::size_t Sign(const SigningAlgorithm& algorithm, std::span<const std::uint8_t> input,
                   std::span<std::uint8_t> signature) override;
  bool CanDecrypt(const DecryptionAlgorithm&) const override { return type_ == KeyType::kRsa; }
  std::size_t Decrypt(const DecryptionAlgorithm& algorithm, std::span<const std::uint8_t> input,
                      std::span<std::uint8_t> output) override {
    return DecryptInSoftware(key_.get(), algorithm, input, output);
  }
  bool can_derive() const override { return type_ == KeyType::kEc; }
  Secret Derive(std::span<const std::uint8_t> peer_point) override {
    return DeriveInSoftware(key_.get(), peer_point);
  }
  bool in_hardware() const noexcept override { return false; }
  std::string label() const override { return label_; }
  std::optional<Secret> ExportPkcs8() const override;

  // IsPairOf tells whether `other`, of the same library context, has the same public part; null is no
  // key's.
  bool IsPairOf(const EVP_PKEY* other) const noexcept;
  bool IsPairOf(const FileKey& other) const noexcept { return IsPairOf(other.key_.get()); }
  // UsePublicKeyInfo takes the key's SubjectPublicKeyInfo as a certificate has it, which spares writing it.
  // Call it before the key is shared.
  void UsePublicKeyInfo(Bytes spki);
  // UseLabel takes the friendlyName of the key or of its certificate. Call it before the key is shared.
  void UseLabel(std::string label) { label_ = std::move(label); }
  // can_sign tells keys that sign, in TLS or elsewhere, from those that only agree on keys.
  bool can_sign() const;

 private:
  explicit FileKey(OpenSslPtr<EVP_PKEY> key);
  void CheckInput(const SigningAlgorithm& algorithm, std::span<const std::uint8_t> input) const;

  OpenSslPtr<EVP_PKEY> key_;
  // Written at the first use: OpenSSL's encoder takes half as long as reading the key.
  mutable std::once_flag spki_once_;
  mutable std::vector<std::uint8_t> spki_;
  std::vector<SignatureScheme> schemes_;
  KeyType type_ = KeyType::kOther;
  std::string label_;
};

}  // namespace signet::inline pkcs12

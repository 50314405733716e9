#pragma once

#include "openssl_provider/private_key.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <openssl/core.h>
#include <openssl/rsa.h>

namespace signet::provider {

// kImplicitRejection is named by value, as OpenSSL 3.0's headers do not have it.
inline constexpr const char* kImplicitRejection = "implicit-rejection";

// AsymCipherContext is one RSA encryption, which does not access the key, or decryption, which does. A
// malformed PKCS#1 v1.5 block is always rejected implicitly: its message looks random.
class AsymCipherContext {
 public:
  enum class Operation { kNone, kEncrypt, kDecrypt };

  explicit AsymCipherContext(ProviderContext& provider) : provider_(provider) {}
  AsymCipherContext(const AsymCipherContext&) = default;
  AsymCipherContext& operator=(const AsymCipherContext&) = delete;

  const ErrorQueue& errors() const noexcept { return provider_.errors(); }

  // Begin starts over with `key`, or with the one before where it is null.
  void Begin(Operation operation, const KeyReference* key);
  void SetParams(const OSSL_PARAM params[]);
  void GetParams(OSSL_PARAM params[]) const;

  // Encrypt and Decrypt give the size of the result; without `out`, the size to expect. Decrypt throws Error
  // kBadArgument for an OAEP block that is malformed.
  std::size_t Encrypt(std::span<const std::uint8_t> in, std::uint8_t* out, std::size_t room) const;
  std::size_t Decrypt(std::span<const std::uint8_t> in, std::uint8_t* out, std::size_t room) const;

 private:
  const KeyData& key() const;
  std::size_t modulus_size() const { return key().public_key.max_signature_size(); }
  bool for_tls() const noexcept { return padding_ == RSA_PKCS1_WITH_TLS_PADDING; }
  Hash mgf1_hash() const noexcept { return mgf1_hash_.value_or(hash_); }
  DecryptionAlgorithm Algorithm() const;
  void SetPadding(const OSSL_PARAM& param);
  void TakePremaster(std::span<const std::uint8_t> message, std::size_t size, std::uint8_t* out) const;

  ProviderContext& provider_;
  Operation operation_ = Operation::kNone;
  int padding_ = RSA_PKCS1_PADDING;
  Hash hash_ = Hash::kSha1;  // of OAEP: RFC 8017's default, and OpenSSL's
  std::optional<Hash> mgf1_hash_;
  std::vector<std::uint8_t> label_;
  unsigned tls_client_version_ = 0;
  unsigned tls_negotiated_version_ = 0;
  std::shared_ptr<const KeyData> key_;
};

}  // namespace signet::provider

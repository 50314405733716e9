#pragma once

#include "base/openssl_ptr.h"
#include "openssl_provider/private_key.h"
#include "openssl_provider/signature.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <openssl/core.h>
#include <openssl/opensslv.h>
#include <openssl/rsa.h>

namespace signet::provider {

using Bytes = std::span<const std::uint8_t>;

// kSaltAutoDigestMax: at most as long as the hash (FIPS 186-4 section 5.5), by the number that OpenSSL 3.1
// gave it.
inline constexpr int kSaltAutoDigestMax = -4;
// kDefaultSalt is OpenSSL's own choice, which changed from the longest salt with 3.1.
inline constexpr int kDefaultSalt = OPENSSL_VERSION_PREREQ(3, 1) ? kSaltAutoDigestMax : RSA_PSS_SALTLEN_AUTO;

// SignatureContext is one signature or verification in the making. Signing goes to the key, verification runs
// in software on the public part; only SignInput ever reaches a token.
class SignatureContext {
 public:
  enum class Operation { kNone, kSign, kVerify, kVerifyRecover };
  // Input says what the bytes are: the digest itself, or a message that is hashed here.
  enum class Input { kDigest, kMessage };

  SignatureContext(ProviderContext& provider, Family family) : provider_(provider), family_(family) {}
  // A copy continues from the same point of the message.
  SignatureContext(const SignatureContext& other);
  SignatureContext& operator=(const SignatureContext&) = delete;

  const ErrorQueue& errors() const noexcept { return provider_.errors(); }

  // Begin starts over with `key`, or with the one before where it is null. Throws Error kUnsupported for a
  // key of another family.
  void Begin(Operation operation, Input input, const KeyReference* key);
  // SetDigestName takes what a caller may pass: null or "" for the default.
  void SetDigestName(const char* name);
  // FixAlgorithm is for algorithms that bring their hash and padding: parameters no longer change them.
  void FixAlgorithm(SigningAlgorithm::Kind kind, Hash hash);
  void SetParams(const OSSL_PARAM params[]);
  void GetParams(OSSL_PARAM params[]) const;

  // Update hashes a piece of the message, or keeps it where the key may want all of it.
  void Update(Bytes piece);
  // Sign finishes: with `input`, or else with the data from Update. Without `signature` it gives
  // the size to expect and does not access the key. Throws Error kBadArgument if `signature` is too short.
  std::size_t Sign(std::optional<Bytes> input, std::uint8_t* signature, std::size_t size);
  bool Verify(std::optional<Bytes> input, Bytes signature);
  // VerifyRecover gives what was signed, or throws; without `recovered`, the size to expect.
  std::size_t VerifyRecover(Bytes signature, std::uint8_t* recovered, std::size_t size);
  // expected_signature is what a streamed verification by EVP_PKEY_verify_message_final compares with.
  Bytes expected_signature() const noexcept { return expected_signature_; }

 private:
  enum class Padding { kPkcs1, kPss, kNone };

  bool rsa() const noexcept { return family_ == Family::kRsa; }
  bool edwards() const noexcept { return family_ == Family::kEd25519 || family_ == Family::kEd448; }
  bool hash_is_fixed() const noexcept;
  const KeyData& key() const;
  Hash mgf1_hash() const noexcept { return mgf1_hash_.value_or(hash_); }
  // Algorithm is what the parameters amount to, with the salt counted out where `signing`.
  SigningAlgorithm Algorithm(bool signing) const;
  int SaltForSigning() const;
  int MaximumSalt() const;

  void SetDigest(std::string_view name);
  void SetPadding(const OSSL_PARAM& param);
  void SetSalt(const OSSL_PARAM& param);
  void SetMgf1(std::string_view name);
  void CheckRestriction() const;

  // DigestOf hashes the data to sign into `buffer`, or returns `input` itself if it is what the key
  // wants.
  Bytes DigestOf(std::optional<Bytes> input, std::span<std::uint8_t> buffer);
  // Message is the whole message where it is available for a signature with a hash.
  std::optional<Bytes> Message(std::optional<Bytes> input) const;
  // Keep keeps a piece for a key that signs whole messages only, or may turn out to.
  void Keep(Bytes piece);
  // CheckClaim throws Error kKeyCertificateMismatch, and clears the signature, where the key's public part is
  // not known and the signature verifies with none of the keys that the program took for it.
  void CheckClaim(const SigningAlgorithm& algorithm, Bytes input, bool whole,
                  std::span<std::uint8_t> signature) const;
  std::size_t SignInput(Bytes input, bool whole, std::span<std::uint8_t> signature) const;

  ProviderContext& provider_;
  const Family family_;
  Operation operation_ = Operation::kNone;
  Input input_ = Input::kDigest;
  bool fixed_ = false;
  Padding padding_ = Padding::kPkcs1;
  int salt_ = kDefaultSalt;
  Hash hash_ = Hash::kNone;
  std::optional<Hash> mgf1_hash_;
  std::shared_ptr<const KeyData> key_;
  OpenSslPtr<EVP_MD_CTX> digesting_;  // made at the first Update
  // The message so far; nothing if the key signs digests, or the message is longer than we keep.
  std::optional<std::vector<std::uint8_t>> kept_;
  std::vector<std::uint8_t> expected_signature_;
};

}  // namespace signet::provider

#include "base/application_error.h"
#include "identity/hashes.h"
#include "identity/proving_key.h"
#include "identity/public_key.h"
#include "identity/signature_schemes.h"
#include <signet/error.h>
#include <signet/own_key.h>

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace signet {
namespace {

using Kind = SigningAlgorithm::Kind;
using Bytes = std::span<const std::uint8_t>;

[[noreturn]] void ThrowBadArgument(std::string detail) {
  throw Error({.code = ErrorCode::kBadArgument, .detail = std::move(detail)});
}

bool Fits(Kind kind, KeyType type) {
  if (kind == Kind::kRsaRaw) return type == KeyType::kRsa;
  return std::ranges::any_of(SignatureSchemes(), [&](const SchemeRow& row) {
    return row.key == type && row.algorithm.kind == kind;
  });
}

// TakesMessage tells of what a key signs with whether it is the message in any case.
bool TakesMessage(Kind kind) { return kind == Kind::kEdDsa || kind == Kind::kMlDsa; }

// Adapter makes a PrivateKey of a program's key. What the program said of it is asked once.
class Adapter final : public PrivateKey {
 public:
  Adapter(std::shared_ptr<OwnKey> key, PublicKey public_key)
      : own_(std::move(key)),
        public_key_(std::move(public_key)),
        listed_(GuardApplication("OwnKey::schemes", [&] { return own_->schemes(); })),
        label_(GuardApplication("OwnKey::label", [&] { return own_->label(); })) {
    for (const SignatureScheme scheme : listed_) {
      if (RowOf(scheme).key == type()) continue;
      ThrowBadArgument(fmt::format("the program's own key lists {}, but {} keys do not support it",
                                   Name(scheme), Description(public_key_)));
    }
    // TLS 1.3 binds an ECDSA scheme to a curve, TLS 1.2 does not: Supports knows them all.
    const auto fitting = SchemesFor(type(), public_key_.curve(), public_key_.bits());
    for (const SignatureScheme scheme : listed_) {
      if (std::ranges::find(fitting, scheme) != fitting.end()) schemes_.push_back(scheme);
    }
  }

  KeyType type() const noexcept override { return public_key_.type(); }
  Bytes subject_public_key_info() const noexcept override { return public_key_.spki(); }
  std::vector<SignatureScheme> schemes() const override { return schemes_; }
  std::size_t max_signature_size() const noexcept override { return public_key_.max_signature_size(); }
  bool Supports(const SigningAlgorithm& algorithm) const override {
    return Listed(algorithm) || (Fits(algorithm.kind, type()) && CanSignDigest(algorithm));
  }
  bool NeedsMessage(const SigningAlgorithm& algorithm) const override {
    return !TakesMessage(algorithm.kind) && Listed(algorithm) && !CanSignDigest(algorithm);
  }

  std::size_t Sign(const SigningAlgorithm& algorithm, Bytes input,
                   std::span<std::uint8_t> signature) override {
    Check(algorithm, input, signature);
    if (TakesMessage(algorithm.kind)) return SignMessage(algorithm, input, signature);
    if (CanSignDigest(algorithm)) return SignDigest(algorithm, input, signature);
    if (const auto named = WithHash(algorithm, input); named && CanSignDigest(named->first))
      return SignDigest(named->first, named->second, signature);
    throw Error({.code = ErrorCode::kUnsupported,
                 .detail = "the program's own key signs only messages, but the caller passed a digest",
                 .call = "OwnKey::CanSignDigest",
                 .hint = "Use a program that signs messages, for example with OpenSSL's or Botan's TLS."});
  }

  std::size_t SignWhole(const SigningAlgorithm& algorithm, Bytes message,
                        std::span<std::uint8_t> signature) override {
    if (algorithm.hash == Hash::kNone || !Listed(algorithm))
      return PrivateKey::SignWhole(algorithm, message, signature);
    CheckRoom(signature);
    return SignMessage(algorithm, message, signature);
  }

  void RunAsync(std::function<void()> work) override {
    GuardApplication("OwnKey::RunAsync", [&] {
      own_->RunAsync([self = shared_from_this(), work = std::move(work)] { work(); });
    });
  }

  bool CanDecrypt(const DecryptionAlgorithm& algorithm) const override {
    return type() == KeyType::kRsa &&
           GuardApplication("OwnKey::CanDecrypt", [&] { return own_->CanDecrypt(algorithm); });
  }
  std::size_t Decrypt(const DecryptionAlgorithm& algorithm, Bytes input,
                      std::span<std::uint8_t> output) override {
    if (!CanDecrypt(algorithm)) return PrivateKey::Decrypt(algorithm, input, output);
    if (input.size() != max_signature_size() || output.size() < max_signature_size())
      ThrowBadArgument("the block does not have the length of the modulus");
    const Secret message =
        GuardApplication("OwnKey::Decrypt", [&] { return own_->Decrypt(algorithm, input); });
    if (message.size() > max_signature_size()) ThrowWrongSize("OwnKey::Decrypt", message.size());
    std::ranges::copy(message.view(), output.begin());
    return message.size();
  }

  bool can_derive() const override {
    return type() == KeyType::kEc &&
           GuardApplication("OwnKey::can_derive", [&] { return own_->can_derive(); });
  }
  Secret Derive(Bytes peer_point) override {
    if (!can_derive()) return PrivateKey::Derive(peer_point);
    Secret secret = GuardApplication("OwnKey::Derive", [&] { return own_->Derive(peer_point); });
    if (secret.size() != public_key_.field_size()) ThrowWrongSize("OwnKey::Derive", secret.size());
    return secret;
  }

  std::string label() const override { return label_; }
  bool in_hardware() const noexcept override { return true; }

 private:
  bool Listed(const SigningAlgorithm& algorithm) const noexcept {
    const auto scheme = SchemeOf(type(), algorithm);
    return scheme && std::ranges::find(listed_, *scheme) != listed_.end();
  }
  bool CanSignDigest(const SigningAlgorithm& algorithm) const {
    return GuardApplication("OwnKey::CanSignDigest", [&] { return own_->CanSignDigest(algorithm); });
  }

  void CheckRoom(std::span<std::uint8_t> signature) const {
    if (signature.size() < max_signature_size())
      ThrowBadArgument("the buffer for the signature is too small");
  }
  void Check(const SigningAlgorithm& algorithm, Bytes input, std::span<std::uint8_t> signature) const {
    CheckRoom(signature);
    if (!Fits(algorithm.kind, type())) ThrowBadArgument("the key does not fit the signature algorithm");
    const bool padded = algorithm.kind == Kind::kRsaPss ||
                        (algorithm.kind == Kind::kRsaPkcs1 && algorithm.hash != Hash::kNone);
    if (padded && input.size() != RowOf(algorithm.hash).size)
      ThrowBadArgument("the digest does not have the length of the hash");
    if (algorithm.kind == Kind::kRsaRaw && input.size() != max_signature_size())
      ThrowBadArgument("the input does not have the length of the modulus");
    if (algorithm.kind == Kind::kEcdsa && input.empty()) ThrowBadArgument("the digest is empty");
  }

  // WithHash names the hash where the caller named none: of a DigestInfo, and of a digest for ECDSA, which
  // its length tells well enough.
  static std::optional<std::pair<SigningAlgorithm, Bytes>> WithHash(const SigningAlgorithm& algorithm,
                                                                    Bytes input) {
    if (algorithm.hash != Hash::kNone) return std::nullopt;
    SigningAlgorithm named = algorithm;
    if (algorithm.kind == Kind::kRsaPkcs1) {
      const auto read = ReadDigestInfo(input);
      if (!read) return std::nullopt;
      named.hash = read->hash;
      return std::pair(named, read->digest);
    }
    for (const Hash hash : {Hash::kSha1, Hash::kSha224, Hash::kSha256, Hash::kSha384, Hash::kSha512}) {
      if (algorithm.kind != Kind::kEcdsa || RowOf(hash).size != input.size()) continue;
      named.hash = hash;
      return std::pair(named, input);
    }
    return std::nullopt;
  }

  std::size_t SignMessage(const SigningAlgorithm& algorithm, Bytes message,
                          std::span<std::uint8_t> signature) const {
    if (!Listed(algorithm)) ThrowBadArgument("the program's own key does not list this signature scheme");
    const SignatureScheme scheme = *SchemeOf(type(), algorithm);
    return Take("OwnKey::Sign", GuardApplication("OwnKey::Sign", [&] { return own_->Sign(scheme, message); }),
                signature);
  }
  std::size_t SignDigest(const SigningAlgorithm& algorithm, Bytes digest,
                         std::span<std::uint8_t> signature) const {
    return Take("OwnKey::SignDigest",
                GuardApplication("OwnKey::SignDigest", [&] { return own_->SignDigest(algorithm, digest); }),
                signature);
  }
  std::size_t Take(const char* call, const std::vector<std::uint8_t>& made,
                   std::span<std::uint8_t> signature) const {
    if (made.empty() || made.size() > max_signature_size()) ThrowWrongSize(call, made.size());
    std::ranges::copy(made, signature.begin());
    return made.size();
  }
  [[noreturn]] void ThrowWrongSize(const char* call, std::size_t size) const {
    throw Error(
        {.code = ErrorCode::kApplication,
         .detail = fmt::format("the program's own key returned {} bytes, which is invalid for a {} key", size,
                               Description(public_key_)),
         .call = call});
  }

  const std::shared_ptr<OwnKey> own_;
  const PublicKey public_key_;
  const std::vector<SignatureScheme> listed_;
  const std::string label_;
  std::vector<SignatureScheme> schemes_;
};

}  // namespace

std::vector<std::uint8_t> OwnKey::SignDigest(const SigningAlgorithm&, Bytes) {
  throw Error({.code = ErrorCode::kUnsupported, .detail = "this key signs no digests"});
}

Secret OwnKey::Decrypt(const DecryptionAlgorithm&, Bytes) {
  throw Error({.code = ErrorCode::kUnsupported, .detail = "this key cannot decrypt"});
}

Secret OwnKey::Derive(Bytes) {
  throw Error({.code = ErrorCode::kUnsupported, .detail = "this key cannot agree on a secret"});
}

std::shared_ptr<PrivateKey> MakeKey(std::shared_ptr<OwnKey> key) {
  if (key == nullptr) ThrowBadArgument("there is no key");
  const auto spki = GuardApplication("OwnKey::public_key", [&] { return key->public_key(); });
  return std::make_shared<ProvingKey>(std::make_shared<Adapter>(std::move(key), PublicKey::FromSpki(spki)),
                                      PublicKey::FromSpki(spki));
}

}  // namespace signet

#include "openssl_provider/signature_context.h"

#include "base/openssl_context.h"
#include "base/openssl_error.h"
#include "identity/hashes.h"
#include "openssl_provider/async_job.h"
#include <signet/error.h>

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace signet::provider {
namespace {

using Kind = SigningAlgorithm::Kind;

constexpr std::size_t kLongestDigest = EVP_MAX_MD_SIZE;
// What is kept of a message that is given in pieces, for a key that signs whole messages only: bytes.
constexpr std::size_t kLongestKept = std::size_t{64} << 20;

bool Fits(Family family, KeyType type) {
  switch (family) {
    case Family::kRsa:
      return type == KeyType::kRsa || type == KeyType::kRsaPss;
    case Family::kEcdsa:
      return type == KeyType::kEc;
    case Family::kEd25519:
      return type == KeyType::kEd25519;
    case Family::kEd448:
      return type == KeyType::kEd448;
  }
  return false;
}

std::size_t SignWith(PrivateKey& key, const SigningAlgorithm& algorithm, Bytes input, bool whole,
                     std::span<std::uint8_t> signature) {
  return whole ? key.SignWhole(algorithm, input, signature) : key.Sign(algorithm, input, signature);
}

std::vector<std::uint8_t> SignRoomy(PrivateKey& key, const SigningAlgorithm& algorithm, Bytes input,
                                    bool whole) {
  std::vector<std::uint8_t> signature(key.max_signature_size());
  signature.resize(SignWith(key, algorithm, input, whole, signature));
  return signature;
}

[[noreturn]] void ThrowMisuse(std::string detail) {
  throw Error({.code = ErrorCode::kBadArgument, .detail = std::move(detail)});
}

}  // namespace

SignatureContext::SignatureContext(const SignatureContext& other)
    : provider_(other.provider_),
      family_(other.family_),
      operation_(other.operation_),
      input_(other.input_),
      fixed_(other.fixed_),
      padding_(other.padding_),
      salt_(other.salt_),
      hash_(other.hash_),
      mgf1_hash_(other.mgf1_hash_),
      key_(other.key_),
      kept_(other.kept_),
      expected_signature_(other.expected_signature_) {
  if (other.digesting_ == nullptr) return;
  digesting_.reset(CheckOpenSsl(EVP_MD_CTX_new(), "EVP_MD_CTX_new"));
  CheckOpenSsl(EVP_MD_CTX_copy_ex(digesting_.get(), other.digesting_.get()), "EVP_MD_CTX_copy_ex");
}

void SignatureContext::Begin(Operation operation, Input input, const KeyReference* key) {
  if (key != nullptr) {
    std::shared_ptr<const KeyData> data = key->data();
    if (!Fits(family_, data->public_key.type())) ThrowMisuse("the key is not of the signature's type");
    if (operation == Operation::kSign && !key->has_private()) ThrowMisuse("a public key cannot sign");
    if (operation != Operation::kSign && !key->has_public()) throw UnknownPublicKey(*data);
    key_ = std::move(data);
    if (!fixed_) {
      padding_ = key_->public_key.type() == KeyType::kRsaPss ? Padding::kPss : Padding::kPkcs1;
      salt_ = kDefaultSalt;
      hash_ = Hash::kNone;
      mgf1_hash_.reset();
    }
    if (key_->pss_restriction && !fixed_) {
      hash_ = key_->pss_restriction->hash;
      mgf1_hash_ = key_->pss_restriction->mgf1_hash;
      salt_ = key_->pss_restriction->minimum_salt;
    }
  }
  if (key_ == nullptr) ThrowMisuse("a signature needs a key");
  operation_ = operation;
  input_ = input;
  digesting_.reset();
  kept_.reset();
  expected_signature_.clear();
}

const KeyData& SignatureContext::key() const {
  if (key_ == nullptr) ThrowMisuse("the signature was not initialised");
  return *key_;
}

int SignatureContext::MaximumSalt() const {
  // RFC 8017 section 9.1.1: the encoded message has one bit less than the modulus.
  const int encoded = (key().public_key.bits() - 1 + 7) / 8;
  return encoded - static_cast<int>(RowOf(hash_).size) - 2;
}

int SignatureContext::SaltForSigning() const {
  const int hash_size = static_cast<int>(RowOf(hash_).size);
  const int maximum = MaximumSalt();
  int salt = salt_;
  if (salt_ == RSA_PSS_SALTLEN_DIGEST) salt = hash_size;
  if (salt_ == RSA_PSS_SALTLEN_AUTO || salt_ == RSA_PSS_SALTLEN_MAX) salt = maximum;
  if (salt_ == kSaltAutoDigestMax) salt = std::min(maximum, hash_size);
  if (salt < 0 || salt > maximum) ThrowMisuse("the salt and the hash are too long for the RSA key's modulus");
  return salt;
}

SigningAlgorithm SignatureContext::Algorithm(bool signing) const {
  if (edwards()) return {.kind = Kind::kEdDsa};
  if (!rsa()) return {.kind = Kind::kEcdsa, .hash = hash_};
  if (padding_ == Padding::kPkcs1) return {.kind = Kind::kRsaPkcs1, .hash = hash_};
  if (padding_ == Padding::kNone) return {.kind = Kind::kRsaRaw};
  const int for_verification = salt_ == kSaltAutoDigestMax ? RSA_PSS_SALTLEN_AUTO : salt_;
  return {.kind = Kind::kRsaPss,
          .hash = hash_,
          .mgf1_hash = mgf1_hash(),
          .salt_length = signing ? SaltForSigning() : for_verification};
}

void SignatureContext::Update(Bytes piece) {
  if (input_ != Input::kMessage || edwards()) ThrowMisuse("the message cannot be passed in parts");
  if (digesting_ == nullptr) {
    digesting_.reset(CheckOpenSsl(EVP_MD_CTX_new(), "EVP_MD_CTX_new"));
    CheckOpenSsl(EVP_DigestInit_ex2(digesting_.get(), MessageDigest(hash_), nullptr), "EVP_DigestInit_ex2");
    if (operation_ == Operation::kSign) {
      const PrivateKey& private_key = *key().private_key;
      if (private_key.locked() || private_key.NeedsMessage(Algorithm(true))) kept_.emplace();
    }
  }
  Keep(piece);
  CheckOpenSsl(EVP_DigestUpdate(digesting_.get(), piece.data(), piece.size()), "EVP_DigestUpdate");
}

void SignatureContext::Keep(Bytes piece) {
  if (!kept_) return;
  if (piece.size() <= kLongestKept - kept_->size()) {
    kept_->insert(kept_->end(), piece.begin(), piece.end());
    return;
  }
  kept_.reset();
  if (!key().private_key->NeedsMessage(Algorithm(true))) return;
  throw Error(
      {.code = ErrorCode::kUnsupported,
       .detail = fmt::format("the token hashes messages for this key, and the message is longer than {} MiB",
                             kLongestKept >> 20),
       .uri = key().private_key->uri(),
       .hint = "Pass the message in one call, or use a key that signs digests."});
}

std::optional<Bytes> SignatureContext::Message(std::optional<Bytes> input) const {
  if (input_ == Input::kDigest || edwards()) return std::nullopt;
  return input ? input : kept_ ? std::optional<Bytes>(*kept_) : std::nullopt;
}

Bytes SignatureContext::DigestOf(std::optional<Bytes> input, std::span<std::uint8_t> buffer) {
  if (input && (input_ == Input::kDigest || edwards())) {
    const bool hashed = hash_ != Hash::kNone && padding_ != Padding::kNone;
    if (rsa() && hashed && input->size() != RowOf(hash_).size) {
      ThrowMisuse(fmt::format("{} bytes are not a {} digest", input->size(), RowOf(hash_).name));
    }
    return *input;
  }
  if (input_ == Input::kDigest || edwards()) ThrowMisuse("there is nothing to sign");
  unsigned size = 0;
  if (input) {
    CheckOpenSsl(
        EVP_Digest(input->data(), input->size(), buffer.data(), &size, MessageDigest(hash_), nullptr),
        "EVP_Digest");
    return buffer.first(size);
  }
  if (digesting_ == nullptr) Update({});
  CheckOpenSsl(EVP_DigestFinal_ex(digesting_.get(), buffer.data(), &size), "EVP_DigestFinal_ex");
  digesting_.reset();
  return buffer.first(size);
}

std::size_t SignatureContext::Sign(std::optional<Bytes> input, std::uint8_t* signature, std::size_t size) {
  if (operation_ != Operation::kSign) ThrowMisuse("the signature was not initialised");
  if (signature == nullptr) return key().max_signature_size;
  PrivateKey& private_key = *key().private_key;
  const auto message = Message(input);
  if (message && (private_key.locked() || private_key.NeedsMessage(Algorithm(true)))) {
    const std::size_t made = SignInput(*message, true, {signature, size});
    digesting_.reset();
    kept_.reset();
    return made;
  }
  std::array<std::uint8_t, kLongestDigest> buffer;
  return SignInput(DigestOf(input, buffer), false, {signature, size});
}

// SignInput is the one place from which a signature goes to the key.
std::size_t SignatureContext::SignInput(Bytes input, bool whole, std::span<std::uint8_t> signature) const {
  PrivateKey& private_key = *key().private_key;
  const SigningAlgorithm algorithm = Algorithm(true);
  std::vector<std::uint8_t> roomy;
  if (CanPause(private_key)) {
    roomy = RunPaused(private_key, [key = key().private_key, algorithm, whole,
                                    owned = std::vector<std::uint8_t>(input.begin(), input.end())] {
      return SignRoomy(*key, algorithm, owned, whole);
    });
  } else if (signature.size() >= private_key.max_signature_size()) {
    const std::size_t size = SignWith(private_key, algorithm, input, whole, signature);
    CheckClaim(algorithm, input, whole, signature.first(size));
    return size;
  } else {
    // The caller counts on this signature being shorter than the longest, as ECDSA's mostly are.
    roomy = SignRoomy(private_key, algorithm, input, whole);
  }
  CheckClaim(algorithm, input, whole, roomy);
  if (roomy.size() > signature.size()) ThrowMisuse("the buffer is too short for the signature");
  std::ranges::copy(roomy, signature.begin());
  return roomy.size();
}

void SignatureContext::CheckClaim(const SigningAlgorithm& algorithm, Bytes input, bool whole,
                                  std::span<std::uint8_t> signature) const {
  if (key().public_key.known() || key().claimed.settled()) [[likely]]
    return;
  const bool hashed = whole && algorithm.hash != Hash::kNone;
  const auto digest = hashed ? Digest(algorithm.hash, input) : std::vector<std::uint8_t>();
  if (key().claimed.Check(algorithm, hashed ? Bytes(digest) : input, signature)) return;
  std::ranges::fill(signature, 0);
  throw Error({.code = ErrorCode::kKeyCertificateMismatch,
               .detail = "the key's signature does not verify with the certificate or public key that the "
                         "program uses with it",
               .uri = key().private_key->uri(),
               .hint = "Use the certificate that was issued for this key."});
}

bool SignatureContext::Verify(std::optional<Bytes> input, Bytes signature) {
  if (operation_ != Operation::kVerify) ThrowMisuse("the verification was not initialised");
  std::array<std::uint8_t, kLongestDigest> buffer;
  return key().public_key.Verify(Algorithm(false), DigestOf(input, buffer), signature);
}

std::size_t SignatureContext::VerifyRecover(Bytes signature, std::uint8_t* recovered, std::size_t size) {
  if (operation_ != Operation::kVerifyRecover) ThrowMisuse("the verification was not initialised");
  if (padding_ == Padding::kPss) ThrowMisuse("nothing can be recovered from an RSA-PSS signature");
  if (recovered == nullptr) return key().public_key.max_signature_size();
  const OpenSslPtr<EVP_PKEY_CTX> context(
      EVP_PKEY_CTX_new_from_pkey(OwnContext(), key().public_key.native(), nullptr));
  CheckOpenSsl(EVP_PKEY_verify_recover_init(context.get()), "EVP_PKEY_verify_recover_init");
  ConfigurePkeyContext(context.get(), Algorithm(false));
  CheckOpenSsl(EVP_PKEY_verify_recover(context.get(), recovered, &size, signature.data(), signature.size()),
               "EVP_PKEY_verify_recover");
  return size;
}

}  // namespace signet::provider

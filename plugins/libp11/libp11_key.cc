#include "libp11/libp11_key.h"

#include "identity/hashes.h"
#include "identity/signature_schemes.h"
#include "libp11/libp11_error.h"
#include <signet/error.h>

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace signet::inline libp11 {
namespace {

using Kind = SigningAlgorithm::Kind;

// kTrials has one algorithm for each way of signing that libp11 can lead to a token.
constexpr SigningAlgorithm kTrials[] = {
    {.kind = Kind::kRsaPkcs1, .hash = Hash::kSha256},
    {.kind = Kind::kRsaPss, .hash = Hash::kSha256, .mgf1_hash = Hash::kSha256, .salt_length = 32},
    {.kind = Kind::kEcdsa, .hash = Hash::kSha256},
};

bool Fits(KeyType type, Kind kind) {
  switch (type) {
    case KeyType::kRsa:
      return kind == Kind::kRsaPkcs1 || kind == Kind::kRsaPss || kind == Kind::kRsaRaw;
    case KeyType::kRsaPss:
      return kind == Kind::kRsaPss;
    case KeyType::kEc:
      return kind == Kind::kEcdsa;
    default:
      return false;
  }
}

[[noreturn]] void ThrowBadArgument(const char* detail) {
  throw Error({.code = ErrorCode::kBadArgument, .detail = detail});
}

}  // namespace

Libp11Key::Libp11Key(OpenSslPtr<EVP_PKEY> key, PublicKey certified, std::string uri)
    : key_(std::move(key)), certified_(std::move(certified)), uri_(std::move(uri)) {
  for (const SigningAlgorithm& trial : kTrials) {
    if (!Fits(type(), trial.kind) || !Try(trial)) continue;
    works_.push_back(trial.kind);
    // PSS padding was done here: what the token did is the raw operation.
    if (trial.kind == Kind::kRsaPss && type() == KeyType::kRsa) works_.push_back(Kind::kRsaRaw);
  }
  if (!works_.empty()) return;
  throw Error({.code = ErrorCode::kNoSigningKey,
               .detail = fmt::format("the token does not sign with this {} key", Description(certified_)),
               .uri = uri_,
               .hint = "Use a key that may sign."});
}

bool Libp11Key::Try(const SigningAlgorithm& algorithm) {
  const std::vector<std::uint8_t> digest = Digest(algorithm.hash, {});
  std::vector<std::uint8_t> signature(max_signature_size());
  try {
    signature.resize(Sign(algorithm, digest, signature));
  } catch (const Error& error) {
    // A key or token that cannot sign in this way may in another.
    if (error.code() == ErrorCode::kUnsupported || error.code() == ErrorCode::kNoSigningKey) return false;
    throw;
  }
  if (certified_.Verify(algorithm, digest, signature)) return true;
  throw Error({.code = ErrorCode::kKeyCertificateMismatch,
               .detail = "the private key does not belong to the certificate",
               .uri = uri_,
               .hint = "Pass the certificate that was issued for this key."});
}

std::vector<SignatureScheme> Libp11Key::schemes() const {
  std::vector<SignatureScheme> schemes = SchemesFor(type(), certified_.curve(), certified_.bits());
  std::erase_if(schemes, [this](SignatureScheme scheme) { return !Supports(RowOf(scheme).algorithm); });
  return schemes;
}

bool Libp11Key::Supports(const SigningAlgorithm& algorithm) const {
  return std::ranges::find(works_, algorithm.kind) != works_.end();
}

void Libp11Key::CheckArguments(const SigningAlgorithm& algorithm, std::span<const std::uint8_t> input,
                               std::span<std::uint8_t> signature) const {
  if (signature.size() < max_signature_size()) ThrowBadArgument("the buffer for the signature is too small");
  if (!Fits(type(), algorithm.kind)) ThrowBadArgument("the key does not fit the signature algorithm");
  const bool hashed = algorithm.kind != Kind::kRsaRaw && algorithm.hash != Hash::kNone;
  if (hashed && algorithm.kind != Kind::kEcdsa && input.size() != RowOf(algorithm.hash).size) {
    ThrowBadArgument("the digest does not have the length of the hash");
  }
  if (algorithm.kind == Kind::kRsaRaw && input.size() != max_signature_size()) {
    ThrowBadArgument("the input does not have the length of the modulus");
  }
  if (input.empty()) ThrowBadArgument("the digest is empty");
}

std::size_t Libp11Key::Sign(const SigningAlgorithm& algorithm, std::span<const std::uint8_t> input,
                            std::span<std::uint8_t> signature) {
  CheckArguments(algorithm, input, signature);
  const CallersErrors callers;
  const OpenSslPtr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new(key_.get(), nullptr));
  if (context == nullptr || EVP_PKEY_sign_init(context.get()) != 1) ThrowLibp11("EVP_PKEY_sign_init");
  ConfigurePkeyContext(context.get(), algorithm);
  std::size_t size = signature.size();
  if (EVP_PKEY_sign(context.get(), signature.data(), &size, input.data(), input.size()) != 1) {
    try {
      ThrowLibp11("C_Sign");
    } catch (const Error& error) {
      throw error.WithUri(uri_);
    }
  }
  return size;
}

}  // namespace signet::inline libp11

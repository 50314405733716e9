// RSA decryption in a token. Padding is undone here, over the raw RSA operation, where the token has it: what
// a token's handling of a malformed block may reveal its result by timing.
#include "base/openssl_context.h"
#include "base/openssl_error.h"
#include "identity/hashes.h"
#include "identity/rsa_unpadding.h"
#include "pkcs11/keys/token_key.h"
#include <signet/error.h>

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <openssl/rand.h>

namespace signet::inline pkcs11 {
namespace {

using Kind = DecryptionAlgorithm::Kind;

// DecryptionRow is one way to decrypt on a token; best first within a kind.
struct DecryptionRow {
  Kind kind;
  CK_MECHANISM_TYPE mechanism;
};
constexpr DecryptionRow kRows[] = {
    {Kind::kRsaRaw, CKM_RSA_X_509},  {Kind::kRsaPkcs1, CKM_RSA_X_509},    {Kind::kRsaPkcs1, CKM_RSA_PKCS},
    {Kind::kRsaOaep, CKM_RSA_X_509}, {Kind::kRsaOaep, CKM_RSA_PKCS_OAEP},
};

bool Has(const std::vector<CK_MECHANISM_TYPE>& mechanisms, CK_MECHANISM_TYPE wanted) {
  return std::ranges::find(mechanisms, wanted) != mechanisms.end();
}

bool IsRefusalOfMechanism(CK_RV rv) {
  return rv == CKR_MECHANISM_INVALID || rv == CKR_MECHANISM_PARAM_INVALID || rv == CKR_ARGUMENTS_BAD ||
         rv == CKR_FUNCTION_NOT_SUPPORTED || rv == CKR_KEY_TYPE_INCONSISTENT;
}

// Expressible: a token undoes OAEP only with a hash that has a number in PKCS#11.
bool Expressible(const DecryptionRow& row, const DecryptionAlgorithm& algorithm) {
  if (row.mechanism != CKM_RSA_PKCS_OAEP) return true;
  const MechanismHashRow* mgf = FindMechanismHash(algorithm.mgf1_hash);
  return FindMechanismHash(algorithm.hash) != nullptr && mgf != nullptr && mgf->mgf1 != 0;
}

class OaepParams {
 public:
  explicit OaepParams(const DecryptionAlgorithm& algorithm)
      : label_(algorithm.label.begin(), algorithm.label.end()) {
    const MechanismHashRow* hash = FindMechanismHash(algorithm.hash);
    const MechanismHashRow* mgf = FindMechanismHash(algorithm.mgf1_hash);
    if (hash != nullptr) params_.hashAlg = hash->mechanism;
    if (mgf != nullptr) params_.mgf = mgf->mgf1;
  }
  void PutInto(CK_MECHANISM& mechanism) {
    params_.source = CKZ_DATA_SPECIFIED;
    params_.pSourceData = label_.empty() ? nullptr : label_.data();
    params_.ulSourceDataLen = label_.size();
    mechanism.pParameter = &params_;
    mechanism.ulParameterLen = sizeof params_;
  }

 private:
  std::vector<std::uint8_t> label_;
  CK_RSA_PKCS_OAEP_PARAMS params_{};
};

// SaysMalformed tells whether a token that undoes PKCS#1 v1.5 itself found the block malformed. The last two
// may mean worse, but some tokens have no better word for it, and a distinction here can be used to
// decrypt.
bool SaysMalformed(CK_RV rv) {
  return rv == CKR_ENCRYPTED_DATA_INVALID || rv == CKR_ENCRYPTED_DATA_LEN_RANGE || rv == CKR_DATA_INVALID ||
         rv == CKR_DATA_LEN_RANGE || rv == CKR_FUNCTION_FAILED || rv == CKR_GENERAL_ERROR;
}

// SaysMalformedOaep: whether an OAEP block is malformed may show, though not in which way.
bool SaysMalformedOaep(CK_RV rv) {
  return rv == CKR_ENCRYPTED_DATA_INVALID || rv == CKR_ENCRYPTED_DATA_LEN_RANGE || rv == CKR_DATA_INVALID ||
         rv == CKR_DATA_LEN_RANGE;
}

// Shown names the padding in words: "OAEP with SHA256 and MGF1 over SHA1".
std::string Shown(const DecryptionAlgorithm& algorithm) {
  switch (algorithm.kind) {
    case Kind::kRsaPkcs1:
      return "PKCS#1 v1.5 padding";
    case Kind::kRsaOaep:
      return fmt::format("OAEP with {} and MGF1 over {}", RowOf(algorithm.hash).name,
                         RowOf(algorithm.mgf1_hash).name);
    case Kind::kRsaRaw:
      break;
  }
  return "no padding";
}

// A block whose decryption is a secret of the key: no one else can compute it, and no protocol requests it.
std::vector<std::uint8_t> SecretQuestion(std::span<const std::uint8_t> spki, std::size_t size) {
  std::vector<std::uint8_t> block(size);
  std::vector<std::uint8_t> input(spki.begin(), spki.end());
  for (const char c : std::string_view("signet implicit rejection"))
    input.push_back(static_cast<std::uint8_t>(c));
  input.push_back(0);
  for (std::size_t at = 1; at < size; at += 32, ++input.back()) {
    const auto part = Digest(Hash::kSha256, input);
    std::copy_n(part.begin(), std::min<std::size_t>(32, size - at),
                block.begin() + static_cast<std::ptrdiff_t>(at));
  }
  return block;
}

}  // namespace

bool TokenKey::CanDecrypt(const DecryptionAlgorithm& algorithm) const {
  if (type() != KeyType::kRsa) return false;
  const auto mechanisms = token_->Mechanisms();
  return std::ranges::any_of(kRows, [&](const DecryptionRow& row) {
    return row.kind == algorithm.kind && Has(*mechanisms, row.mechanism) && Expressible(row, algorithm);
  });
}

std::size_t TokenKey::Decrypt(const DecryptionAlgorithm& algorithm, std::span<const std::uint8_t> input,
                              std::span<std::uint8_t> output) {
  CheckDecryption(input.size(), output.size());
  if (!token_->guard().on()) return DecryptHere(algorithm, input, output);
  // The thread that decrypts may continue when we have given it up: it has copies of its own. All of the
  // block comes back: where the message ends in it is the caller's secret.
  const auto copy = [](std::span<const std::uint8_t> bytes) {
    return std::vector<std::uint8_t>(bytes.begin(), bytes.end());
  };
  const auto [block, size] = token_->guard().Run(
      [self = Self(), own = algorithm, label = copy(algorithm.label), owned = copy(input)]() mutable {
        own.label = label;
        Secret room = Secret::OfSize(owned.size());
        const std::size_t message = self->DecryptHere(own, owned, room.writable_bytes());
        return std::pair(std::move(room), message);
      });
  std::ranges::copy(block.view(), output.begin());
  return size;
}

std::size_t TokenKey::DecryptHere(const DecryptionAlgorithm& algorithm, std::span<const std::uint8_t> input,
                                  std::span<std::uint8_t> output) {
  const auto mechanisms = token_->Mechanisms();
  Decryption job{.input = input, .output = output.first(input.size())};
  for (const DecryptionRow& row : kRows) {
    if (row.kind != algorithm.kind || !Has(*mechanisms, row.mechanism) || !Expressible(row, algorithm))
      continue;
    OaepParams oaep(algorithm);
    job.mechanism = {row.mechanism, nullptr, 0};
    if (row.mechanism == CKM_RSA_PKCS_OAEP) oaep.PutInto(job.mechanism);
    Run(job);
    if (!IsRefusalOfMechanism(job.rv)) return Unpadded(algorithm, job);
  }
  throw NoDecryption(algorithm, job.rv);
}

// NoDecryption is the error where the token has no mechanism for the padding, or refused the last of them
// with `rv`.
Error TokenKey::NoDecryption(const DecryptionAlgorithm& algorithm, CK_RV rv) const {
  Error::Fields fields{.code = ErrorCode::kUnsupported,
                       .detail = fmt::format("token {}: RSA decryption with {} is not supported",
                                             token_->label(), Shown(algorithm)),
                       .call = "C_DecryptInit",
                       .token = token_->label(),
                       .uri = credentials_->uri,
                       .hint = algorithm.kind == Kind::kRsaOaep
                                   ? "Encrypt with another hash (many tokens support OAEP only with SHA-1), "
                                     "or use a token with CKM_RSA_X_509."
                                   : "Encrypt with another padding, or use a token with CKM_RSA_X_509."};
  if (rv != CKR_OK) fields.native = {NativeCode::Kind::kPkcs11, rv, RvName(rv)};
  return Error(std::move(fields));
}

Error TokenKey::NotAllowed(const char* use, const char* attribute, const char* call) const {
  return Error({.code = ErrorCode::kUnsupported,
                .detail = fmt::format("token {}: the key {} is not allowed to {} ({})", token_->label(),
                                      mark_.label, use, attribute),
                .call = call,
                .native = {NativeCode::Kind::kPkcs11, CKR_KEY_FUNCTION_NOT_PERMITTED,
                           RvName(CKR_KEY_FUNCTION_NOT_PERMITTED)},
                .token = token_->label(),
                .uri = credentials_->uri,
                .hint = fmt::format("Use a key that may {}.", use)});
}

void TokenKey::CheckDecryption(std::size_t input, std::size_t output) const {
  const std::size_t modulus = raw_signature_size();
  if (type() != KeyType::kRsa || input != modulus || output < modulus) {
    throw Error({.code = ErrorCode::kBadArgument,
                 .detail = "decryption requires an RSA key and a block of the length of its modulus"});
  }
}

// Unpadded is what the token's answer comes to.
std::size_t TokenKey::Unpadded(const DecryptionAlgorithm& algorithm, const Decryption& job) {
  const bool raw = job.mechanism.mechanism == CKM_RSA_X_509;
  if (job.rv != CKR_OK && algorithm.kind == Kind::kRsaOaep) throw MalformedOaep();
  if (job.rv != CKR_OK) return RejectPkcs1(job.input, *RejectionSecret(), job.output);
  if (!raw || algorithm.kind == Kind::kRsaRaw) return job.size;
  Secret block = Secret::OfSize(job.output.size());
  const std::span<std::uint8_t> bytes = block.writable_bytes();
  std::ranges::copy(job.output, bytes.begin());
  if (algorithm.kind == Kind::kRsaOaep) return UnpadOaep(algorithm, bytes, job.output);
  return UnpadPkcs1(bytes, job.input, *RejectionSecret(), job.output);
}

// Run leaves in job.rv that the token does not take the mechanism, or found the block malformed.
void TokenKey::Run(Decryption& job) {
  Operate("C_Decrypt", [&](Token::Lease& lease, const Trial& trial) {
    job.trial = trial;
    return DecryptOn(lease, job);
  });
}

TokenKey::Outcome TokenKey::DecryptOn(Token::Lease& lease, Decryption& job) {
  const CK_MECHANISM_TYPE mechanism = job.mechanism.mechanism;
  const CK_OBJECT_HANDLE handle = HandleOn(lease);
  if (LacksContextPin(job.trial)) return Outcome::kContextLoginWanted;
  job.rv = lease.Call(SIGNET_CK(C_DecryptInit), mechanism, &job.mechanism, handle);
  if (IsRefusalOfMechanism(job.rv)) return Outcome::kDone;
  if (job.rv == CKR_KEY_FUNCTION_NOT_PERMITTED) throw NotAllowed("decrypt", "CKA_DECRYPT", "C_DecryptInit");
  CheckRv(job.rv, "C_DecryptInit", token_->label());
  Unfinished operation(lease);
  if (job.trial.context_pin != nullptr)
    token_->LogInForOperation(lease, *job.trial.context_pin, *credentials_, context_pin_);
  CK_ULONG size = job.output.size();
  job.rv = lease.Call(SIGNET_CK(C_Decrypt), mechanism, const_cast<CK_BYTE*>(job.input.data()),
                      static_cast<CK_ULONG>(job.input.size()), job.output.data(), &size);
  if (WantsContextLogin(lease, job.rv, job.trial)) return Outcome::kContextLoginWanted;
  const bool malformed = (mechanism == CKM_RSA_PKCS && SaysMalformed(job.rv)) ||
                         (mechanism == CKM_RSA_PKCS_OAEP && SaysMalformedOaep(job.rv));
  if (!malformed) CheckRv(job.rv, "C_Decrypt", token_->label());
  operation.Finish();
  if (job.rv == CKR_OK && size > job.output.size()) throw TooLong("C_Decrypt", size, job.output.size());
  job.size = job.rv == CKR_OK ? size : 0;
  if (mechanism == CKM_RSA_X_509) FillInFront(job);
  return Outcome::kDone;
}

Error TokenKey::TooLong(const char* call, std::size_t size, std::size_t room) const {
  return Error(
      {.code = ErrorCode::kTokenTrouble,
       .detail = fmt::format("token {}: the module returned {} bytes, more than the {} bytes of its buffer",
                             token_->label(), size, room),
       .call = call,
       .token = token_->label(),
       .uri = credentials_->uri,
       .hint = "Contact the vendor of the module, or use another module."});
}

// FillInFront gives the raw block its whole length: some tokens leave leading zeros out.
void TokenKey::FillInFront(Decryption& job) {
  const auto missing = static_cast<std::ptrdiff_t>(job.output.size() - job.size);
  if (missing == 0) return;
  std::copy_backward(job.output.begin(), job.output.end() - missing, job.output.end());
  std::fill_n(job.output.begin(), missing, std::uint8_t{0});
  job.size = job.output.size();
}

// RejectionSecret is computed once, by a decryption that no one else can do. A token without raw RSA has
// none: the secret is then one of this process.
std::shared_ptr<const TokenKey::KeySecret> TokenKey::RejectionSecret() {
  {
    const Lock lock(rejection_mutex_);
    if (rejection_secret_ != nullptr) return rejection_secret_;
  }
  auto secret = std::make_shared<KeySecret>();
  Secret answer = Secret::OfSize(raw_signature_size());
  const std::vector<std::uint8_t> question = SecretQuestion(public_key_.spki(), answer.size());
  Decryption job{.input = question, .output = answer.writable_bytes()};
  job.mechanism = {CKM_RSA_X_509, nullptr, 0};
  job.rv = CKR_MECHANISM_INVALID;
  if (Has(*token_->Mechanisms(), CKM_RSA_X_509)) Run(job);
  if (job.rv == CKR_OK) {
    std::ranges::copy(Digest(Hash::kSha256, job.output), secret->begin());
  } else {
    CheckOpenSsl(RAND_priv_bytes_ex(OwnContext(), secret->data(), secret->size(), 0), "RAND_priv_bytes_ex");
  }
  const Lock lock(rejection_mutex_);
  if (rejection_secret_ == nullptr) rejection_secret_ = std::move(secret);
  return rejection_secret_;
}

}  // namespace signet::inline pkcs11

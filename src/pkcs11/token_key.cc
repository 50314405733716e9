#include "pkcs11/token_key.h"

#include "identity/hashes.h"
#include "identity/signature_schemes.h"
#include "pkcs11/der.h"
#include "pkcs11/object_finder.h"
#include "pkcs11/public_part.h"
#include "pkcs11/rsa_padding.h"
#include <signet/error.h>

#include <algorithm>
#include <array>
#include <cstring>

#include <fmt/format.h>

namespace signet {
namespace {

using Kind = SigningAlgorithm::Kind;

constexpr std::size_t kMaxModulus = 2048;  // bytes: RSA with 16384 bits, as long as OpenSSL's longest
constexpr std::size_t kRoom = 5120;        // for any signature, ML-DSA-87's included

// Which ways of signing a key of a type has at all.
struct KindRow {
  KeyType type;
  std::array<Kind, 3> kinds;
};
constexpr KindRow kKinds[] = {
    {KeyType::kRsa, {Kind::kRsaPkcs1, Kind::kRsaPss, Kind::kRsaRaw}},
    {KeyType::kRsaPss, {Kind::kRsaPss, Kind::kRsaPss, Kind::kRsaPss}},
    {KeyType::kEc, {Kind::kEcdsa, Kind::kEcdsa, Kind::kEcdsa}},
    {KeyType::kEd25519, {Kind::kEdDsa, Kind::kEdDsa, Kind::kEdDsa}},
    {KeyType::kEd448, {Kind::kEdDsa, Kind::kEdDsa, Kind::kEdDsa}},
    {KeyType::kMlDsa44, {Kind::kMlDsa, Kind::kMlDsa, Kind::kMlDsa}},
    {KeyType::kMlDsa65, {Kind::kMlDsa, Kind::kMlDsa, Kind::kMlDsa}},
    {KeyType::kMlDsa87, {Kind::kMlDsa, Kind::kMlDsa, Kind::kMlDsa}},
};

bool Fits(KeyType type, Kind kind) {
  const auto* row = std::ranges::find(kKinds, type, &KindRow::type);
  return row != std::end(kKinds) && std::ranges::find(row->kinds, kind) != row->kinds.end();
}

[[noreturn]] void ThrowBadArgument(std::string detail) {
  throw Error({.code = ErrorCode::kBadArgument, .detail = std::move(detail)});
}

// IsRefusalOfMechanism tells whether another way to the same signature is worth a try.
bool IsRefusalOfMechanism(CK_RV rv) {
  return rv == CKR_MECHANISM_INVALID || rv == CKR_MECHANISM_PARAM_INVALID || rv == CKR_ARGUMENTS_BAD ||
         rv == CKR_FUNCTION_NOT_SUPPORTED || rv == CKR_KEY_TYPE_INCONSISTENT;
}

MechanismSet AllowedRows(const StoredObject& object) {
  const Bytes& value = object.attributes.BytesOf(CKA_ALLOWED_MECHANISMS);
  if (value.empty() || value.size() % sizeof(CK_MECHANISM_TYPE) != 0) return ~MechanismSet{0};
  std::vector<CK_MECHANISM_TYPE> allowed(value.size() / sizeof(CK_MECHANISM_TYPE));
  std::memcpy(allowed.data(), value.data(), value.size());
  return RowsIn(allowed);
}

}  // namespace

TokenKey::TokenKey(std::shared_ptr<Token> token, std::shared_ptr<const Credentials> credentials, Mark mark,
                   PublicKey public_key)
    : token_(std::move(token)),
      credentials_(std::move(credentials)),
      mark_(std::move(mark)),
      public_key_(std::move(public_key)),
      usable_(RowsIn(*token_->Mechanisms())) {
  if (raw_signature_size() > kMaxModulus && Fits(type(), Kind::kRsaPss)) {
    throw Error({.code = ErrorCode::kUnsupported,
                 .detail = fmt::format("the RSA key has {} bits", public_key_.bits()),
                 .token = token_->label(),
                 .mend = "Use a shorter key."});
  }
}

void TokenKey::Adopt(const StoredObject& object, std::uint64_t epoch) {
  if (object.attributes.FlagOf(CKA_SIGN) == false) {
    throw Error({.code = ErrorCode::kNoSigningKey,
                 .detail = fmt::format("token {}: the key {} is not allowed to sign (CKA_SIGN)",
                                       token_->label(), object.label()),
                 .token = token_->label(),
                 .uri = credentials_->uri,
                 .mend = "Use a key that was made for signing."});
  }
  const std::optional<bool> same = SameKey(object, public_key_);
  if (same == false) {
    throw Error(
        {.code = ErrorCode::kKeyCertificateMismatch,
         .detail = fmt::format("token {}: the private key with the certificate's CKA_ID is another one",
                               token_->label()),
         .token = token_->label(),
         .uri = credentials_->uri,
         .mend = "Put the certificate that was issued for this key beside it."});
  }
  usable_.fetch_and(AllowedRows(object));
  proven_.store(same == true);
  if (object.attributes.FlagOf(CKA_ALWAYS_AUTHENTICATE) == true) always_authenticate_ = true;
  HandleCache& cache = handle_.Get();
  {
    const std::lock_guard lock(cache.mutex);
    cache.epoch = epoch;
    cache.handle = object.handle;
  }
  located_.store(true, std::memory_order_release);
}

std::vector<SignatureScheme> TokenKey::schemes() const {
  std::vector<SignatureScheme> schemes = SchemesFor(type(), public_key_.curve(), public_key_.bits());
  std::erase_if(schemes, [this](SignatureScheme scheme) { return !Supports(RowOf(scheme).algorithm); });
  return schemes;
}

bool TokenKey::Supports(const SigningAlgorithm& algorithm) const {
  return Fits(type(), algorithm.kind) &&
         PlanFor(algorithm, usable_.load(std::memory_order_relaxed)).has_value();
}

std::size_t TokenKey::raw_signature_size() const noexcept {
  if (type() != KeyType::kEc) return public_key_.max_signature_size();
  return 2 * ((static_cast<std::size_t>(public_key_.bits()) + 7) / 8);
}

void TokenKey::CheckJob(const Job& job) const {
  const SigningAlgorithm& algorithm = job.algorithm;
  if (job.signature.size() < max_signature_size())
    ThrowBadArgument("the room for the signature is too small");
  if (!Fits(type(), algorithm.kind)) ThrowBadArgument("the key does not fit the signature algorithm");
  const bool takes_digest =
      algorithm.kind == Kind::kRsaPss || (algorithm.kind == Kind::kRsaPkcs1 && algorithm.hash != Hash::kNone);
  if (takes_digest && job.input.size() != RowOf(algorithm.hash).size) {
    ThrowBadArgument("the digest is not as long as the hash makes it");
  }
  if (algorithm.kind == Kind::kRsaRaw && job.input.size() != raw_signature_size()) {
    ThrowBadArgument("the input is not as long as the modulus");
  }
  if (algorithm.kind == Kind::kEcdsa && job.input.empty()) ThrowBadArgument("the digest is empty");
}

void TokenKey::Unlock() {
  token_->Use(credentials_.get(), false, [this](Token::Lease& lease) { HandleOn(lease); });
}

std::size_t TokenKey::Sign(const SigningAlgorithm& algorithm, std::span<const std::uint8_t> input,
                           std::span<std::uint8_t> signature) {
  Job job{.algorithm = algorithm, .input = input, .signature = signature};
  CheckJob(job);
  if (locked()) Unlock();
  for (int attempt = 0; attempt < 2; ++attempt) {
    const bool exclusive = always_authenticate_.load(std::memory_order_relaxed);
    std::optional<Token::ContextPin> pin;
    if (exclusive) pin = token_->PrepareContextLogin(*credentials_, context_pin_);
    job.context_pin = pin ? &*pin : nullptr;
    const auto sign = [&](Token::Lease& lease) { return SignOn(lease, job); };
    if (token_->Use(credentials_.get(), exclusive, sign) == Outcome::kDone) return job.size;
    always_authenticate_ = true;  // The token says so, though the key did not.
  }
  throw RvError(CKR_USER_NOT_LOGGED_IN, "C_Sign", token_->label()).WithUri(credentials_->uri);
}

CK_OBJECT_HANDLE TokenKey::HandleOn(Token::Lease& lease) {
  HandleCache& cache = handle_.Get();
  {
    const std::lock_guard lock(cache.mutex);
    if (cache.epoch == lease.epoch()) [[likely]]
      return cache.handle;
  }
  const StoredObject object = Locate(lease);
  Adopt(object, lease.epoch());
  return object.handle;
}

// Locate prefers an object that reveals the right public key, then one that reveals nothing.
StoredObject TokenKey::Locate(Token::Lease& lease) const {
  ObjectTemplate wanted{.object_class = CKO_PRIVATE_KEY};
  if (!mark_.id.empty()) {
    wanted.id = mark_.id;
  } else {
    wanted.label = mark_.label;
  }
  std::vector<StoredObject> found = FindObjects(lease, wanted);
  if (found.empty()) {
    throw Error(
        {.code = ErrorCode::kNotFound,
         .detail = fmt::format("token {}: there is no private key with the CKA_ID or label of {}",
                               token_->label(), locked() ? "the certificate" : "the one that was there"),
         .token = token_->label(),
         .uri = credentials_->uri,
         .mend = "Look what is there: signet list."});
  }
  std::ranges::stable_sort(found, std::greater(), [this](const StoredObject& object) {
    const auto same = SameKey(object, public_key_);
    return same ? (*same ? 2 : 0) : 1;
  });
  return std::move(found.front());
}

TokenKey::Outcome TokenKey::SignOn(Token::Lease& lease, Job& job) {
  const CK_OBJECT_HANDLE handle = HandleOn(lease);
  CK_RV rv = CKR_MECHANISM_INVALID;
  const MechanismSet usable = usable_.load(std::memory_order_relaxed);
  for (auto plan = PlanFor(job.algorithm, usable); plan; plan = PlanFor(job.algorithm, usable, *plan + 1)) {
    const MechanismRow& row = MechanismRows()[*plan];
    rv = Begin(lease, row, job, handle);
    if (rv == CKR_OK) [[likely]]
      return Finish(lease, row, job);
    if (!IsRefusalOfMechanism(rv)) break;
    // The token's list promised more than it keeps: leave this way out from now on, if there is another.
    if (rv == CKR_MECHANISM_INVALID && PlanFor(job.algorithm, usable, *plan + 1)) {
      usable_.fetch_and(~(MechanismSet{1} << *plan));
    }
  }
  throw RvError(rv, "C_SignInit", token_->label()).WithUri(credentials_->uri);
}

CK_RV TokenKey::Begin(Token::Lease& lease, const MechanismRow& row, const Job& job, CK_OBJECT_HANDLE handle) {
  CK_MECHANISM mechanism{row.mechanism, nullptr, 0};
  CK_RSA_PKCS_PSS_PARAMS pss{};
  EdDsaParams eddsa;
  if (row.parameters == MechanismRow::Parameters::kPss) {
    pss.hashAlg = FindMechanismHash(job.algorithm.hash)->mechanism;
    pss.mgf = FindMechanismHash(job.algorithm.mgf1_hash)->mgf1;
    pss.sLen = static_cast<CK_ULONG>(job.algorithm.salt_length);
    mechanism.pParameter = &pss;
    mechanism.ulParameterLen = sizeof pss;
  } else if (row.parameters == MechanismRow::Parameters::kEdDsa) {
    mechanism.pParameter = &eddsa;
    mechanism.ulParameterLen = sizeof eddsa;
  }
  return lease.Call(SIGNET_CK(C_SignInit), row.mechanism, &mechanism, handle);
}

std::span<const std::uint8_t> TokenKey::Encoded(const MechanismRow& row, const Job& job,
                                                std::span<std::uint8_t> room) const {
  switch (row.encoding) {
    case Encoding::kNone:
      break;
    case Encoding::kDigestInfo:
      if (job.algorithm.hash == Hash::kNone) return job.input;
      return room.first(PutDigestInfo(job.algorithm.hash, job.input, room));
    case Encoding::kPkcs1Padding: {
      std::array<std::uint8_t, 128> content;
      const bool plain = job.algorithm.hash == Hash::kNone;
      const std::size_t size = plain ? 0 : PutDigestInfo(job.algorithm.hash, job.input, content);
      const auto block = room.first(raw_signature_size());
      PadPkcs1(plain ? job.input : std::span<const std::uint8_t>(content).first(size), block);
      return block;
    }
    case Encoding::kPssPadding: {
      const auto block = room.first(raw_signature_size());
      PadPss(job.algorithm, job.input, public_key_.bits(), block);
      return block;
    }
  }
  // Tokens differ in what they do with a digest that is longer than the curve's order: cut it here (SEC 1
  // section 4.1.3).
  const std::size_t order = raw_signature_size() / 2;
  if (row.kind == Kind::kEcdsa && public_key_.bits() % 8 == 0 && job.input.size() > order) {
    return job.input.first(order);
  }
  return job.input;
}

TokenKey::Outcome TokenKey::Finish(Token::Lease& lease, const MechanismRow& row, Job& job) {
  // Whatever goes wrong now leaves an operation under way.
  struct Guard {
    Token::Lease& lease;
    bool done = false;
    ~Guard() {
      if (!done) lease.Replace();
    }
  } guard{lease};
  if (job.context_pin != nullptr)
    token_->LogInForOperation(lease, *job.context_pin, *credentials_, context_pin_);
  std::array<std::uint8_t, kMaxModulus> room;
  const auto data = Encoded(row, job, room);
  std::array<std::uint8_t, kRoom> raw;
  CK_ULONG size = raw.size();
  // An empty message is data too: modules take a null pointer for an error.
  const CK_BYTE* bytes = data.empty() ? room.data() : data.data();
  const CK_RV rv = lease.Call(SIGNET_CK(C_Sign), row.mechanism, const_cast<CK_BYTE*>(bytes),
                              static_cast<CK_ULONG>(data.size()), raw.data(), &size);
  if (rv == CKR_USER_NOT_LOGGED_IN && job.context_pin == nullptr && token_->UserIsLoggedIn(lease)) {
    return Outcome::kContextLoginWanted;
  }
  CheckRv(rv, "C_Sign", token_->label());
  guard.done = true;
  if (size > raw.size()) size = 0;
  TakeSignature(job, std::span<const std::uint8_t>(raw).first(size));
  return Outcome::kDone;
}

// TakeSignature releases the token's answer if it is a signature that can be one.
void TokenKey::TakeSignature(Job& job, std::span<const std::uint8_t> raw) {
  if (raw.size() == raw_signature_size()) {
    if (type() == KeyType::kEc) {
      job.size = EcdsaToDer(raw, job.signature);
    } else {
      std::ranges::copy(raw, job.signature.begin());
      job.size = raw.size();
    }
  }
  if (job.size == 0) {
    throw Error({.code = ErrorCode::kTokenTrouble,
                 .detail = fmt::format(
                     "token {}: the module answered with {} bytes that are no signature of this key",
                     token_->label(), raw.size()),
                 .call = "C_Sign",
                 .token = token_->label(),
                 .uri = credentials_->uri,
                 .mend = "Ask the maker of the module, or use another."});
  }
  if (proven_.load(std::memory_order_acquire)) [[likely]]
    return;
  if (!public_key_.Verify(job.algorithm, job.input, job.signature.first(job.size))) {
    std::ranges::fill(job.signature, 0);
    throw Error(
        {.code = ErrorCode::kKeyCertificateMismatch,
         .detail = fmt::format("token {}: the key's signature does not verify with its certificate or public "
                               "key",
                               token_->label()),
         .token = token_->label(),
         .uri = credentials_->uri,
         .mend = "Put the certificate that was issued for this key beside it."});
  }
  proven_.store(true, std::memory_order_release);
}

}  // namespace signet

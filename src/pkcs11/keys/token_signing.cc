#include "identity/der.h"
#include "identity/hashes.h"
#include "identity/signature_schemes.h"
#include "pkcs11/keys/rsa_padding.h"
#include "pkcs11/keys/token_key.h"
#include <signet/error.h>

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace signet::inline pkcs11 {
namespace {

using Kind = SigningAlgorithm::Kind;

constexpr std::size_t kRoom = 5120;  // for any signature, ML-DSA-87's included

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

}  // namespace

std::vector<SignatureScheme> TokenKey::schemes() const {
  std::vector<SignatureScheme> schemes = SchemesFor(type(), public_key_.curve(), public_key_.bits());
  std::erase_if(schemes, [this](SignatureScheme scheme) { return !Supports(RowOf(scheme).algorithm); });
  return schemes;
}

bool TokenKey::Supports(const SigningAlgorithm& algorithm) const {
  const MechanismSet usable = usable_.load(std::memory_order_relaxed);
  return Fits(type(), algorithm.kind) && (PlanFor(algorithm, InputForm::kDigest, usable).has_value() ||
                                          PlanFor(algorithm, InputForm::kMessage, usable).has_value());
}

// NeedsMessage: a digest is of no use either where what signs it was refused last, and a message works.
bool TokenKey::NeedsMessage(const SigningAlgorithm& algorithm) const {
  const MechanismSet usable = usable_.load(std::memory_order_relaxed);
  const MechanismSet first = usable & ~late_.load(std::memory_order_relaxed);
  if (!Supports(algorithm) || PlanFor(algorithm, InputForm::kDigest, first)) return false;
  return !PlanFor(algorithm, InputForm::kDigest, usable) || PlanFor(algorithm, InputForm::kMessage, first);
}

std::size_t TokenKey::raw_signature_size() const noexcept {
  if (type() != KeyType::kEc) return public_key_.max_signature_size();
  return 2 * ((static_cast<std::size_t>(public_key_.bits()) + 7) / 8);
}

void TokenKey::CheckJob(const Job& job) const {
  const SigningAlgorithm& algorithm = job.algorithm;
  if (job.signature.size() < max_signature_size())
    ThrowBadArgument("the buffer for the signature is too small");
  if (!Fits(type(), algorithm.kind)) ThrowBadArgument("the key does not fit the signature algorithm");
  const bool takes_digest =
      algorithm.kind == Kind::kRsaPss || (algorithm.kind == Kind::kRsaPkcs1 && algorithm.hash != Hash::kNone);
  if (takes_digest && job.input.size() != RowOf(algorithm.hash).size) {
    ThrowBadArgument("the digest does not have the length of the hash");
  }
  if (algorithm.kind == Kind::kRsaRaw && job.input.size() != raw_signature_size()) {
    ThrowBadArgument("the input does not have the length of the modulus");
  }
  if (algorithm.kind == Kind::kEcdsa && job.input.empty()) ThrowBadArgument("the digest is empty");
}

std::size_t TokenKey::Sign(const SigningAlgorithm& algorithm, std::span<const std::uint8_t> input,
                           std::span<std::uint8_t> signature) {
  return SignGuarded({.algorithm = algorithm, .input = input, .signature = signature});
}

// The digest is made in any case: it is cheap beside a token, tried first, and checks the first signature.
std::size_t TokenKey::SignWhole(const SigningAlgorithm& algorithm, std::span<const std::uint8_t> message,
                                std::span<std::uint8_t> signature) {
  if (algorithm.hash == Hash::kNone) return Sign(algorithm, message, signature);
  const std::vector<std::uint8_t> digest = Digest(algorithm.hash, message);
  return SignGuarded({.algorithm = algorithm, .input = digest, .signature = signature, .message = message});
}

std::size_t TokenKey::SignGuarded(const Job& job) {
  CheckJob(job);
  if (!token_->guard().on()) return SignHere(job);
  // The thread that signs may continue when we have given it up: it has copies of its own.
  using Octets = std::vector<std::uint8_t>;
  const auto made = token_->guard().Run(
      [self = Self(), algorithm = job.algorithm, input = Octets(job.input.begin(), job.input.end()),
       message =
           job.message ? std::optional(Octets(job.message->begin(), job.message->end())) : std::nullopt] {
        Octets room(self->max_signature_size());
        Job copy{.algorithm = algorithm, .input = input, .signature = room};
        if (message) copy.message = *message;
        room.resize(self->SignHere(copy));
        return room;
      });
  std::ranges::copy(made, job.signature.begin());
  return made.size();
}

std::size_t TokenKey::SignHere(Job job) {
  Operate("C_Sign", [&](Token::Lease& lease, const Trial& trial) {
    job.trial = trial;
    return SignOn(lease, job);
  });
  return job.size;
}

TokenKey::Outcome TokenKey::SignOn(Token::Lease& lease, Job& job) {
  const CK_OBJECT_HANDLE handle = HandleOn(lease);
  if (LacksContextPin(job.trial)) return Outcome::kContextLoginWanted;
  if (!signs_.load(std::memory_order_relaxed)) throw NotForSigning();
  const MechanismSet usable = usable_.load(std::memory_order_relaxed);
  const MechanismSet late = late_.load(std::memory_order_relaxed);
  MechanismSet refused = 0;
  CK_RV rv = CKR_OK;
  for (const MechanismSet rows : {usable & ~late, usable & late}) {
    for (const InputForm form : {InputForm::kDigest, InputForm::kMessage}) {
      if (form == InputForm::kMessage && !job.message) break;
      for (auto plan = PlanFor(job.algorithm, form, rows); plan;
           plan = PlanFor(job.algorithm, form, rows, *plan + 1)) {
        if (const auto outcome = Try(lease, *plan, job, handle, rv)) {
          if (refused != 0 || (late >> *plan & 1) != 0) Remember(*plan, refused);
          return *outcome;
        }
        if (rv == CKR_MECHANISM_INVALID) refused |= MechanismSet{1} << *plan;
      }
    }
  }
  if (rv == CKR_OK) throw NoMechanism(job);
  throw RvError(rv, "C_SignInit", token_->label()).WithUri(credentials_->uri);
}

// One refusal says nothing of the next call: what was refused is tried last, and first again once it works.
void TokenKey::Remember(std::size_t plan, MechanismSet refused) noexcept {
  late_.fetch_or(refused);
  late_.fetch_and(~(MechanismSet{1} << plan));
}

std::optional<TokenKey::Outcome> TokenKey::Try(Token::Lease& lease, std::size_t plan, Job& job,
                                               CK_OBJECT_HANDLE handle, CK_RV& refusal) {
  const MechanismRow& row = MechanismRows()[plan];
  const CK_RV rv = Begin(lease, row, job, handle);
  if (rv == CKR_OK) [[likely]]
    return Finish(lease, row, job);
  if (!IsRefusalOfMechanism(rv)) throw RvError(rv, "C_SignInit", token_->label()).WithUri(credentials_->uri);
  refusal = rv;
  return std::nullopt;
}

// NoMechanism says what the key has, and what to do about it.
Error TokenKey::NoMechanism(const Job& job) const {
  const MechanismSet usable = usable_.load(std::memory_order_relaxed);
  const std::string names = NamesOf(usable, job.algorithm.kind);
  Error::Fields fields{.code = ErrorCode::kUnsupported,
                       .call = "C_SignInit",
                       .token = token_->label(),
                       .uri = credentials_->uri};
  if (!job.message && PlanFor(job.algorithm, InputForm::kMessage, usable)) {
    fields.detail =
        fmt::format("token {}: the key signs only complete messages ({}), but the program passed a digest",
                    token_->label(), names);
    fields.hint =
        "Use a program that signs messages (TLS, X.509 and `openssl dgst` do), or a key that also allows "
        "signing a digest (CKM_RSA_PKCS, CKM_RSA_PKCS_PSS or CKM_ECDSA).";
  } else {
    fields.detail = fmt::format("token {}: the key has no mechanism for this signature and hash; it has {}",
                                token_->label(), names.empty() ? "none for this kind of signature" : names);
    fields.hint = "Choose another padding or hash, or a key that allows more (CKA_ALLOWED_MECHANISMS).";
  }
  return Error(std::move(fields));
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
  Unfinished operation(lease);
  if (job.trial.context_pin != nullptr)
    token_->LogInForOperation(lease, *job.trial.context_pin, *credentials_, context_pin_);
  std::array<std::uint8_t, kMaxModulus> room;
  const auto data = row.hash != Hash::kNone ? *job.message : Encoded(row, job, room);
  std::array<std::uint8_t, kRoom> raw;
  CK_ULONG size = raw.size();
  // An empty message is data too: modules take a null pointer for an error.
  const CK_BYTE* bytes = data.empty() ? room.data() : data.data();
  const CK_RV rv = lease.Call(SIGNET_CK(C_Sign), row.mechanism, const_cast<CK_BYTE*>(bytes),
                              static_cast<CK_ULONG>(data.size()), raw.data(), &size);
  if (WantsContextLogin(lease, rv, job.trial)) return Outcome::kContextLoginWanted;
  CheckRv(rv, "C_Sign", token_->label());
  operation.Finish();
  if (size > raw.size()) throw TooLong("C_Sign", size, raw.size());
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
    throw Error(
        {.code = ErrorCode::kTokenTrouble,
         .detail = fmt::format("token {}: the module returned {} bytes that are not a signature of this key",
                               token_->label(), raw.size()),
         .call = "C_Sign",
         .token = token_->label(),
         .uri = credentials_->uri,
         .hint = "Contact the vendor of the module, or use another module."});
  }
  if (proven_.load(std::memory_order_acquire) || !public_key_.known()) [[likely]]
    return;
  if (!public_key_.Verify(job.algorithm, job.input, job.signature.first(job.size))) {
    std::ranges::fill(job.signature, 0);
    const Error mismatch(
        {.code = ErrorCode::kKeyCertificateMismatch,
         .detail = fmt::format("token {}: the key's signature does not verify with its certificate or public "
                               "key",
                               token_->label()),
         .token = token_->label(),
         .uri = credentials_->uri,
         .hint = "Use the certificate that was issued for this key."});
    NoteRefusal(mismatch);
    throw mismatch;
  }
  proven_.store(true, std::memory_order_release);
}

}  // namespace signet::inline pkcs11

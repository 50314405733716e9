#include "pkcs11/keys/token_key.h"

#include "pkcs11/objects/object_finder.h"
#include "pkcs11/objects/pairing.h"
#include "pkcs11/objects/public_part.h"
#include <signet/error.h>

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

namespace signet::inline pkcs11 {
namespace {

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
      listed_(RowsIn(*token_->KnownMechanisms())),
      usable_(listed_) {
  const bool rsa = type() == KeyType::kRsa || type() == KeyType::kRsaPss;
  if (rsa && raw_signature_size() > kMaxModulus) {
    throw Error({.code = ErrorCode::kUnsupported,
                 .detail = fmt::format("the RSA key has {} bits", public_key_.bits()),
                 .token = token_->label(),
                 .hint = "Use a shorter key."});
  }
}

void TokenKey::Adopt(const StoredObject& object, std::uint64_t handles) {
  const auto may = [&](CK_ATTRIBUTE_TYPE use) { return object.attributes.FlagOf(use) == true; };
  const bool signs = object.attributes.FlagOf(CKA_SIGN) != false;
  if (!signs && !may(CKA_DECRYPT) && !may(CKA_DERIVE)) throw NotForSigning();
  const std::optional<bool> same = SameKey(object, public_key_);
  if (same == false) {
    throw Error({.code = ErrorCode::kKeyCertificateMismatch,
                 .detail = fmt::format(
                     "token {}: the private key with the certificate's CKA_ID does not match the certificate",
                     token_->label()),
                 .token = token_->label(),
                 .uri = credentials_->uri,
                 .hint = "Use the certificate that was issued for this key."});
  }
  signs_ = signs;
  usable_ = signs ? listed_ & AllowedRows(object) : MechanismSet{0};
  proven_.store(same == true);
  if (object.attributes.FlagOf(CKA_ALWAYS_AUTHENTICATE) == true) always_authenticate_ = true;
  private_ = object.attributes.FlagOf(CKA_PRIVATE) == true;
  HandleCache& cache = handle_.Get();
  {
    const Lock lock(cache.mutex);
    cache.handles = handles;
    cache.handle = object.handle;
    cache.refusal.reset();
  }
  located_.store(true, std::memory_order_release);
}

Error TokenKey::NotForSigning() const {
  return Error({.code = ErrorCode::kNoSigningKey,
                .detail = fmt::format("token {}: the key {} is not allowed to sign (CKA_SIGN)",
                                      token_->label(), mark_.label),
                .token = token_->label(),
                .uri = credentials_->uri,
                .hint = "Use a key that was made for signing."});
}

PrivateKey::Proof TokenKey::proof() const noexcept {
  if (proven_.load(std::memory_order_acquire)) return Proof::kDone;
  return public_key_.known() ? Proof::kPending : Proof::kNone;
}

void TokenKey::Unlock() {
  token_->guard().Run([self = Self()] {
    const auto find = [&self](Token::Lease& lease) { return self->HandleOn(lease); };
    return self->token_->Use({.credentials = self->credentials_.get()}, find);
  });
}

std::shared_ptr<TokenKey> TokenKey::Self() { return std::static_pointer_cast<TokenKey>(shared_from_this()); }

void TokenKey::RunAsync(std::function<void()> work) {
  token_->RunAsync([self = shared_from_this(), work = std::move(work)] { work(); });
}

CK_OBJECT_HANDLE TokenKey::HandleOn(Token::Lease& lease) {
  HandleCache& cache = handle_.Get();
  {
    const Lock lock(cache.mutex);
    if (cache.handles == lease.handles()) [[likely]]
      return cache.handle;
  }
  const StoredObject object = Locate(lease);
  try {
    Adopt(object, lease.handles());
  } catch (const Error& error) {
    NoteRefusal(error);
    throw;
  }
  return object.handle;
}

void TokenKey::NoteRefusal(const Error& error) {
  HandleCache& cache = handle_.Get();
  const Lock lock(cache.mutex);
  cache.refusal = error;
}

std::optional<Error> TokenKey::Unavailable() const {
  {
    HandleCache& cache = handle_.Get();
    const Lock lock(cache.mutex);
    if (cache.refusal) return cache.refusal;
  }
  return token_->Trouble(*credentials_);
}

bool TokenKey::WantsContextLogin(Token::Lease& lease, CK_RV rv, const Trial& trial) {
  if (rv != CKR_USER_NOT_LOGGED_IN || trial.context_pin != nullptr) return false;
  return ++*trial.refusals > 1 && lease.UserIsLoggedIn();
}

// Locate follows the rules of pairing.h: by CKA_ID, or else by label; then by public key; then
// by a label that is unique. A key that reveals nothing is taken only where that leaves no choice; its first
// signature proves it.
StoredObject TokenKey::Locate(Token::Lease& lease) const {
  ObjectTemplate wanted{.object_class = CKO_PRIVATE_KEY};
  if (!mark_.id.empty()) {
    wanted.id = mark_.id;
  } else {
    wanted.label = mark_.label;
  }
  std::vector<StoredObject> found = FindObjects(lease, wanted);
  std::vector<StoredObject*> silent;
  for (StoredObject& object : found) {
    const std::optional<bool> same = SameKey(object, public_key_);
    if (same == true) return std::move(object);
    if (!same) silent.push_back(&object);
  }
  if (silent.size() == 1) return std::move(*silent.front());
  if (found.empty()) lease.Missing();
  if (auto elsewhere = LocateElsewhere(lease)) return *std::move(elsewhere);
  if (silent.size() > 1) throw Ambiguous(silent.size());
  if (!found.empty()) return std::move(found.front());  // Adopt says that it is another one.
  throw Error(
      {.code = ErrorCode::kNotFound,
       .detail = fmt::format("token {}: there is no private key with the CKA_ID, public key or label of {}",
                             token_->label(), locked() ? "the certificate" : "the one that was there"),
       .token = token_->label(),
       .uri = credentials_->uri,
       .hint = "Run `signet list` to see the available objects."});
}

Error TokenKey::Ambiguous(std::size_t keys) const {
  return Error(
      {.code = ErrorCode::kAmbiguous,
       .detail = fmt::format("token {}: {} private keys may belong to {}, and none reveals its public key",
                             token_->label(), keys, mark_.label),
       .token = token_->label(),
       .uri = credentials_->uri,
       .hint = "Give each key a unique CKA_ID, or store its public key on the token."});
}

std::optional<StoredObject> TokenKey::LocateElsewhere(Token::Lease& lease) const {
  std::vector<StoredObject> keys = FindObjects(lease, {.object_class = CKO_PRIVATE_KEY});
  TokenFacts facts;
  for (const StoredObject& object : keys) facts.private_keys.push_back(FactsOf(object));
  for (const StoredObject& object : FindObjects(lease, {.object_class = CKO_PUBLIC_KEY}))
    facts.public_keys.push_back(FactsOf(object));
  facts.certificates.push_back(
      public_key_.known()
          ? FactsOf(mark_.id, mark_.label, public_key_.spki())
          : ObjectFacts{.id = mark_.id, .label = mark_.label, .material = {}, .kind = KindOf(public_key_)});
  // A label that several certificates have speaks for none of them.
  const ObjectTemplate same_label{.object_class = CKO_CERTIFICATE, .label = mark_.label};
  if (FindHandles(lease, same_label).size() > 1) facts.certificates.front().label.clear();
  CompletePrivateKeys(facts);
  const auto pairs = PairCertificates(facts);
  if (!pairs.front().private_key) return std::nullopt;
  return std::move(keys[*pairs.front().private_key]);
}

}  // namespace signet::inline pkcs11

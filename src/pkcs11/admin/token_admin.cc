#include "pkcs11/admin/token_admin.h"

#include "base/hex.h"
#include "base/openssl_error.h"
#include "pkcs11/admin/token_handle.h"
#include "pkcs11/module/rv.h"
#include "pkcs11/objects/public_part.h"
#include <signet/error.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <iterator>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace signet::inline pkcs11 {
namespace {

// kNoCategory are the answers of tokens that do not take CKA_CERTIFICATE_CATEGORY.
constexpr std::array kNoCategory = {CKR_ATTRIBUTE_TYPE_INVALID, CKR_ATTRIBUTE_VALUE_INVALID,
                                    CKR_TEMPLATE_INCONSISTENT};
constexpr CK_ULONG kTokenUser = 1;  // CK_CERTIFICATE_CATEGORY_TOKEN_USER
constexpr CK_ULONG kAuthority = 2;  // CK_CERTIFICATE_CATEGORY_AUTHORITY

CK_MECHANISM_TYPE GenerationMechanism(KeyType type) {
  switch (type) {
    case KeyType::kEc:
      return CKM_EC_KEY_PAIR_GEN;
    case KeyType::kEd25519:
    case KeyType::kEd448:
      return CKM_EC_EDWARDS_KEY_PAIR_GEN;
    default:
      return CKM_RSA_PKCS_KEY_PAIR_GEN;
  }
}

void AddPrivatePolicy(const ObjectName& name, const KeyPolicy& policy, Template& to) {
  to.Flag(CKA_TOKEN, true);
  to.Flag(CKA_PRIVATE, true);
  to.Flag(CKA_SENSITIVE, true);
  to.Flag(CKA_EXTRACTABLE, policy.extractable);
  to.Flag(CKA_SIGN, policy.signs);
  if (policy.always_authenticate) to.Flag(CKA_ALWAYS_AUTHENTICATE, true);
  to.Name(name);
}

void AddPublicPolicy(const ObjectName& name, bool stays, Template& to) {
  to.Flag(CKA_TOKEN, stays);
  to.Flag(CKA_PRIVATE, false);
  to.Flag(CKA_VERIFY, true);
  to.Name(name);
}

// AddFurtherUses adds what TLS needs beside signing: RSA keys decrypt, EC keys derive.
void AddFurtherUses(KeyType type, Template& private_key, Template& public_key) {
  if (type == KeyType::kRsa || type == KeyType::kRsaPss) {
    private_key.Flag(CKA_DECRYPT, true);
    public_key.Flag(CKA_ENCRYPT, true);
  } else if (type == KeyType::kEc) {
    private_key.Flag(CKA_DERIVE, true);
    public_key.Flag(CKA_DERIVE, true);
  }
}

// SerialNumber is CKA_SERIAL_NUMBER: the DER INTEGER.
Bytes SerialNumber(const Certificate& certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_ASN1_INTEGER(X509_get0_serialNumber(certificate.native()), &der);
  CheckOpenSsl(size, "i2d_ASN1_INTEGER");
  const OpenSslPtr<unsigned char> owned(der);
  return {der, der + size};
}

void AddCertificate(const Certificate& certificate, const ObjectName& name, Template& to) {
  to.Number(CKA_CLASS, CKO_CERTIFICATE);
  to.Number(CKA_CERTIFICATE_TYPE, CKC_X_509);
  to.Flag(CKA_TOKEN, true);
  to.Flag(CKA_PRIVATE, false);
  to.Name(name);
  to.Bytes(CKA_SUBJECT, certificate.subject_der());
  to.Bytes(CKA_ISSUER, certificate.issuer_der());
  to.Bytes(CKA_SERIAL_NUMBER, SerialNumber(certificate));
  to.Bytes(CKA_VALUE, certificate.der());
}

ObjectTemplate TemplateFor(const ObjectName& name, std::optional<CK_OBJECT_CLASS> object_class) {
  if (name.id.empty() && name.label.empty()) {
    throw Error({.code = ErrorCode::kBadArgument,
                 .detail = "an object needs an ID or a label",
                 .hint = "Give its ID or its label."});
  }
  ObjectTemplate wanted{.object_class = object_class, .id = {}, .label = {}, .subject = {}};
  if (!name.id.empty()) wanted.id = name.id;
  if (!name.label.empty()) wanted.label = name.label;
  return wanted;
}

Credentials CredentialsFor(const TokenPlace& place, const PinToSend& pin) {
  return {.pin = pin.pin ? PinSource::Value(pin.pin->Clone()) : PinSource(),
          .prompt = nullptr,
          .uri = UriOf(place),
          .behavior = Settings::LoginBehavior::kAlways,
          .allow_final_try = pin.allow_final_try};
}

}  // namespace

TokenAdmin::TokenAdmin(const TokenPlace& place, const PinToSend& pin)
    : core_(std::make_shared<Core>(OpenToken(*place.handle), CredentialsFor(place, pin))) {}

void TokenAdmin::AllOrNothing(const std::function<void()>& work) {
  made_.clear();
  try {
    work();
  } catch (const Error& error) {
    std::vector<std::string> left;
    for (auto made = made_.rbegin(); made != made_.rend(); ++made) {
      if (std::string what = Undo(*made); !what.empty()) left.push_back(std::move(what));
    }
    if (left.empty()) throw;
    throw WithDetail(error, fmt::format("; left on the token: {}", fmt::join(left, ", ")));
  }
}

// Undo removes an object and gives what is left of it, in words, or an empty text.
std::string TokenAdmin::Undo(const Made& made) {
  try {
    // Which of several is the new one cannot be told.
    if (made.before != 0) return IsThere(made) ? InWords(made) : "";
    InSession([made](Token::Lease& lease) {
      for (const CK_OBJECT_HANDLE object : Search(lease, made)) {
        CheckAdmin(lease.Call(SIGNET_CK(C_DestroyObject), kNoMechanism, object), "C_DestroyObject",
                   lease.token().label());
      }
      return true;
    });
    return {};
  } catch (const Error&) {
    // The error that led here is the one to report; what follows says what the token holds now.
  }
  try {
    return IsThere(made) ? InWords(made) : "";
  } catch (const Error&) {
    return "perhaps " + InWords(made);
  }
}

std::string TokenAdmin::InWords(const Made& made) {
  std::string words = KindOf(made.object_class);
  if (!made.name.id.empty()) words += fmt::format(" id={}", HexEncode(made.name.id));
  if (!made.name.label.empty()) words += fmt::format(" object={}", made.name.label);
  return words;
}

std::vector<CK_OBJECT_HANDLE> TokenAdmin::Search(Token::Lease& lease, const Made& made) {
  std::vector<CK_OBJECT_HANDLE> handles = FindHandles(lease, TemplateFor(made.name, made.object_class));
  lease.RequireLogin();
  if (made.certificate.empty()) return handles;
  std::erase_if(handles, [&](CK_OBJECT_HANDLE handle) {
    return ReadAttributes(lease, handle, CKO_CERTIFICATE).attributes.BytesOf(CKA_VALUE) != made.certificate;
  });
  return handles;
}

bool TokenAdmin::IsThere(const Made& made) {
  return InSession([made](Token::Lease& lease) { return Search(lease, made).size() > made.before; });
}

namespace {

// Attempt is what is known of one call that creates objects.
struct Attempt {
  std::atomic<bool> called{false};
  std::atomic<CK_RV> result{CKR_FUNCTION_CANCELED};
  std::vector<std::size_t> before = {};  // how many of each were there, set before `called`
};

// MayRepeat: the code says that nothing was done, and something that can be renewed was the cause.
bool MayRepeat(CK_RV result) {
  const Staleness staleness = RowOfRv(result).staleness;
  return OutcomeOf(result) == Outcome::kNotDone && staleness != Staleness::kNone &&
         staleness != Staleness::kUnknown;
}

}  // namespace

bool TokenAdmin::Change(std::vector<Made> made, const char* name,
                        const std::function<CK_RV(Token::Lease&)>& call) {
  for (bool repeated = false;; repeated = true) {
    const auto attempt = std::make_shared<Attempt>();
    try {
      InSession([attempt, made, name, call](Token::Lease& lease) {
        attempt->before.clear();
        for (const Made& one : made) attempt->before.push_back(Search(lease, one).size());
        attempt->called = true;
        const CK_RV result = call(lease);
        attempt->result = result;
        if (result != CKR_OK) lease.EndAction();
        CheckAdmin(result, name, lease.token().label());
        return true;
      });
      made_.insert(made_.end(), made.begin(), made.end());
      return true;
    } catch (const Error& error) {
      if (!attempt->called) throw;
      for (std::size_t i = 0; i < made.size(); ++i) made[i].before = attempt->before.at(i);
      const std::optional<std::size_t> there = HowManyAreThere(made);
      const bool lost = error.code() == ErrorCode::kTimeout;
      const bool again = !repeated && !lost && there == 0 && MayRepeat(attempt->result);
      if (again) continue;
      made_.insert(made_.end(), made.begin(), made.end());
      if (there == made.size()) return !lost;
      if (!lost) throw;
      throw WithDetail(error, fmt::format("; the token may still create: {}", InWords(made.front())));
    }
  }
}

// HowManyAreThere counts those that are there now and were not before; nothing if the token cannot be
// searched.
std::optional<std::size_t> TokenAdmin::HowManyAreThere(const std::vector<Made>& made) {
  try {
    return std::ranges::count_if(made, [this](const Made& one) { return IsThere(one); });
  } catch (const Error&) {
    return std::nullopt;
  }
}

void TokenAdmin::Create(std::shared_ptr<const Template> parts, const Made& made) {
  Change({made}, "C_CreateObject", [parts = std::move(parts)](Token::Lease& lease) {
    auto attributes = parts->attributes();
    CK_OBJECT_HANDLE object = 0;
    return lease.Call(SIGNET_CK(C_CreateObject), kNoMechanism, attributes.data(),
                      static_cast<CK_ULONG>(attributes.size()), &object);
  });
}

namespace {

// Generation is what C_GenerateKeyPair is called with, and what it made.
struct Generation {
  CK_MECHANISM mechanism;
  Template public_key;
  Template private_key;
  std::optional<StoredObject> made = {};
};

std::shared_ptr<Generation> GenerationOf(const KeySpec& spec, const ObjectName& name,
                                         const KeyPolicy& policy) {
  auto generation = std::make_shared<Generation>();
  generation->mechanism = {GenerationMechanism(spec.type), nullptr, 0};
  Template& public_key = generation->public_key;
  Template& private_key = generation->private_key;
  AddPublicPolicy(name, policy.public_object, public_key);
  AddPrivatePolicy(name, policy, private_key);
  AddFurtherUses(spec.type, private_key, public_key);
  if (spec.type == KeyType::kRsa) {
    public_key.Number(CKA_MODULUS_BITS, spec.bits);
    public_key.Bytes(CKA_PUBLIC_EXPONENT, std::array<std::uint8_t, 3>{1, 0, 1});
  } else {
    public_key.Bytes(CKA_EC_PARAMS, EcParams(spec));
  }
  return generation;
}

CK_RV CallGenerate(Token::Lease& lease, Generation& generation) {
  auto public_template = generation.public_key.attributes();
  auto private_template = generation.private_key.attributes();
  CK_OBJECT_HANDLE public_handle = 0;
  CK_OBJECT_HANDLE private_handle = 0;
  const CK_RV result = lease.Call(
      SIGNET_CK(C_GenerateKeyPair), generation.mechanism.mechanism, &generation.mechanism,
      public_template.data(), static_cast<CK_ULONG>(public_template.size()), private_template.data(),
      static_cast<CK_ULONG>(private_template.size()), &public_handle, &private_handle);
  if (result != CKR_OK) return result;
  try {
    generation.made = ReadAttributes(lease, public_handle, CKO_PUBLIC_KEY);
  } catch (const Error&) {
    // Thrown here, it would make the key twice; the search that follows tells what is wrong.
  }
  return result;
}

}  // namespace

PublicKey TokenAdmin::Generate(const KeySpec& spec, const ObjectName& name, const KeyPolicy& policy) {
  std::optional<PublicKey> key;
  AllOrNothing([&] {
    // Without a public object on the token, the public part is an object of the session alone.
    std::vector<Made> pair{{CKO_PRIVATE_KEY, name}};
    if (policy.public_object) pair.push_back({CKO_PUBLIC_KEY, name});
    const auto generation = GenerationOf(spec, name, policy);
    const bool came_back = Change(pair, "C_GenerateKeyPair", [generation](Token::Lease& lease) {
      return CallGenerate(lease, *generation);
    });
    // A call that is still in progress owns its output buffer.
    std::optional<StoredObject> made = came_back ? generation->made : std::nullopt;
    if (!made) {
      made = InSession([made = pair.back()](Token::Lease& lease) -> std::optional<StoredObject> {
        const auto handles = Search(lease, made);
        if (handles.empty()) return std::nullopt;
        return ReadAttributes(lease, handles.back(), made.object_class);
      });
    }
    if (made) key = PublicPartOf(*made);
    if (key) return;
    throw Error({.code = ErrorCode::kTokenTrouble,
                 .detail = fmt::format("token {}: the new public key cannot be read", label()),
                 .call = "C_GetAttributeValue",
                 .token = label(),
                 .hint = "Try again, or choose another type of key."});
  });
  return *std::move(key);
}

void TokenAdmin::ImportKey(EVP_PKEY* key, const ObjectName& name, const KeyPolicy& policy) {
  const auto public_parts = std::make_shared<Template>();
  const auto private_parts = std::make_shared<Template>();
  Template& public_key = *public_parts;
  Template& private_key = *private_parts;
  public_key.Number(CKA_CLASS, CKO_PUBLIC_KEY);
  private_key.Number(CKA_CLASS, CKO_PRIVATE_KEY);
  AddPublicPolicy(name, true, public_key);
  AddPrivatePolicy(name, policy, private_key);
  AddFurtherUses(PublicKey::FromNative(key).type(), private_key, public_key);
  AddPublicParts(key, public_key);
  AddPrivateParts(key, private_key);
  Create(private_parts, {CKO_PRIVATE_KEY, name});
  if (policy.public_object) Create(public_parts, {CKO_PUBLIC_KEY, name});
}

void TokenAdmin::ImportCertificate(const Certificate& certificate, const ObjectName& name) {
  const Made made{CKO_CERTIFICATE, name, {certificate.der().begin(), certificate.der().end()}};
  try {
    const auto parts = std::make_shared<Template>();
    AddCertificate(certificate, name, *parts);
    parts->Number(CKA_CERTIFICATE_CATEGORY, certificate.is_ca() ? kAuthority : kTokenUser);
    Create(parts, made);
  } catch (const Error& error) {
    const bool refused = error.native().kind == NativeCode::Kind::kPkcs11 &&
                         std::ranges::find(kNoCategory, error.native().value) != kNoCategory.end();
    if (!refused) throw;
    const auto parts = std::make_shared<Template>();
    AddCertificate(certificate, name, *parts);
    Create(parts, made);
  }
}

std::optional<ObjectName> TokenAdmin::NameOf(const PublicKey& key) {
  const auto owned = std::make_shared<const PublicKey>(PublicKey::FromSpki(key.spki()));
  return InSession([owned](Token::Lease& lease) -> std::optional<ObjectName> {
    for (const CK_OBJECT_CLASS object_class : {CKO_PUBLIC_KEY, CKO_PRIVATE_KEY}) {
      const ObjectTemplate wanted{.object_class = object_class, .id = {}, .label = {}, .subject = {}};
      for (const StoredObject& object : FindObjects(lease, wanted)) {
        if (SameKey(object, *owned).value_or(false)) return ObjectName{object.id(), object.label()};
      }
    }
    return std::nullopt;
  });
}

std::vector<StoredObject> TokenAdmin::List(const ObjectName& name,
                                           std::optional<CK_OBJECT_CLASS> object_class) {
  const ObjectTemplate wanted = TemplateFor(name, object_class);
  return InSession([wanted](Token::Lease& lease) {
    auto found = FindObjects(lease, wanted);
    lease.RequireLogin();
    return found;
  });
}

// LeftOf counts the objects of `wanted` on the token, regardless of reported results; nothing if the search
// fails.
std::optional<std::size_t> TokenAdmin::LeftOf(const ObjectTemplate& wanted) {
  try {
    return InSession([wanted](Token::Lease& lease) {
      const std::size_t left = FindHandles(lease, wanted).size();
      lease.RequireLogin();
      return left;
    });
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::size_t TokenAdmin::Remove(const ObjectName& name, std::optional<CK_OBJECT_CLASS> object_class) {
  const ObjectTemplate wanted = TemplateFor(name, object_class);
  struct Progress {
    std::atomic<std::size_t> all{0};
    std::atomic<std::size_t> left{0};
  };
  const auto progress = std::make_shared<Progress>();
  try {
    // Repeated with a new session, it destroys what the search still finds.
    InSession([wanted, progress](Token::Lease& lease) {
      const std::vector<CK_OBJECT_HANDLE> found = FindHandles(lease, wanted);
      lease.RequireLogin();
      progress->all = std::max(progress->all.load(), found.size());
      progress->left = found.size();
      for (const CK_OBJECT_HANDLE object : found) {
        CheckAdmin(lease.Call(SIGNET_CK(C_DestroyObject), kNoMechanism, object), "C_DestroyObject",
                   lease.token().label());
        --progress->left;
      }
      return true;
    });
  } catch (const Error& error) {
    const std::size_t all = progress->all;
    if (all == 0) throw;
    const std::size_t left = LeftOf(wanted).value_or(progress->left);
    throw WithDetail(error, fmt::format("; {} of {} objects were removed", all - std::min(all, left), all));
  }
  return progress->all;
}

void TokenAdmin::RemoveCertificate(const ObjectName& name, const Bytes& der) {
  const Made made{CKO_CERTIFICATE, name, der};
  if (Undo(made).empty()) return;
  throw Error({.code = ErrorCode::kTokenTrouble,
               .detail = fmt::format(
                   "token {}: the new certificate is on the token, but the old one could not be removed: {}",
                   label(), InWords(made)),
               .call = "C_DestroyObject",
               .token = label(),
               .hint = "Remove the old one with the token's own tool."});
}

const char* KindOf(CK_OBJECT_CLASS object_class) {
  switch (object_class) {
    case CKO_PRIVATE_KEY:
      return "private key";
    case CKO_PUBLIC_KEY:
      return "public key";
    case CKO_CERTIFICATE:
      return "certificate";
    case CKO_SECRET_KEY:
      return "secret key";
    default:
      return "object";
  }
}

}  // namespace signet::inline pkcs11

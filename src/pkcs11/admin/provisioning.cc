#include "pkcs11/admin/provisioning.h"

#include "base/hex.h"
#include "base/openssl_context.h"
#include "base/openssl_error.h"
#include "identity/hashes.h"
#include "pkcs11/admin/token_admin.h"
#include "pkcs11/objects/uri.h"
#include <signet/error.h>

#include <algorithm>

#include <fmt/format.h>
#include <openssl/rand.h>

namespace signet::inline pkcs11 {
namespace {

[[noreturn]] void ThrowTaken(const TokenPlace& token, const std::vector<std::uint8_t>& id) {
  throw Error({.code = ErrorCode::kAmbiguous,
               .detail = fmt::format("the token already has objects with the ID {}", HexEncode(id)),
               .token = token.label,
               .hint = "Choose another --id, or remove them first: signet token remove. To import a renewed "
                       "certificate for a key on the token, use --cert alone."});
}

void RequireFreeId(TokenAdmin& admin, const TokenPlace& token, const ObjectName& name) {
  if (!admin.List({.id = name.id, .label = {}}, std::nullopt).empty()) ThrowTaken(token, name.id);
}

// IdOf is the SHA-1 of the public key's bits (RFC 5280 section 4.2.1.2): what certificates have as key
// identifier.
std::vector<std::uint8_t> IdOf(const PublicKey& key) {
  const auto spki = key.spki();
  const unsigned char* position = spki.data();
  const OpenSslPtr<X509_PUBKEY> parsed(
      CheckOpenSsl(d2i_X509_PUBKEY(nullptr, &position, static_cast<long>(spki.size())), "d2i_X509_PUBKEY"));
  const unsigned char* bits = nullptr;
  int size = 0;
  CheckOpenSsl(X509_PUBKEY_get0_param(nullptr, &bits, &size, nullptr, parsed.get()),
               "X509_PUBKEY_get0_param");
  return Digest(Hash::kSha1, {bits, static_cast<std::size_t>(size)});
}

PublicKey KeyIn(const Certificate& certificate) {
  return PublicKey::FromSpki(certificate.subject_public_key_info());
}

void RequireMatch(const ImportRequest& request) {
  if (request.key == nullptr || !request.certificate) return;
  if (PublicKey::FromNative(request.key) == KeyIn(*request.certificate)) return;
  throw Error({.code = ErrorCode::kKeyCertificateMismatch,
               .detail = fmt::format("the private key does not belong to the certificate of {}",
                                     request.certificate->subject()),
               .hint = "Give the certificate that was issued for this key. Nothing was written."});
}

std::string LabelFor(const ImportRequest& request) {
  if (!request.name.label.empty()) return request.name.label;
  return request.certificate ? request.certificate->user_name() : std::string();
}

// NameForKey chooses the name of a key that comes in, and checks that no object has its ID.
ObjectName NameForKey(TokenAdmin& admin, const TokenPlace& token, const ImportRequest& request) {
  ObjectName name{request.name.id, LabelFor(request)};
  if (name.id.empty()) name.id = IdOf(PublicKey::FromNative(request.key));
  RequireFreeId(admin, token, name);
  return name;
}

// BesideKey is where a certificate alone goes, and which certificates of the same key are there.
struct BesideKey {
  ObjectName name;
  std::vector<StoredObject> others;
};

bool IsCertificateOf(const StoredObject& object, const PublicKey& key) {
  try {
    return KeyIn(Certificate::FromDer(object.attributes.BytesOf(CKA_VALUE))) == key;
  } catch (const Error&) {
    return false;  // what cannot be read is not known to be of this key
  }
}

// OtherCertificates gives the certificates of the same key that have the ID already; throws if the same
// certificate is among them, or one of another key.
std::vector<StoredObject> OtherCertificates(TokenAdmin& admin, const TokenPlace& token,
                                            const Certificate& certificate,
                                            const std::vector<std::uint8_t>& id) {
  std::vector<StoredObject> others = admin.List({.id = id, .label = {}}, CKO_CERTIFICATE);
  const PublicKey key = KeyIn(certificate);
  for (const StoredObject& other : others) {
    if (std::ranges::equal(other.attributes.BytesOf(CKA_VALUE), certificate.der())) {
      throw Error(
          {.code = ErrorCode::kAmbiguous,
           .detail = fmt::format("the token already has this certificate, with the ID {}", HexEncode(id)),
           .token = token.label,
           .hint = "No action is necessary."});
    }
    if (!IsCertificateOf(other, key)) ThrowTaken(token, id);
  }
  return others;
}

// PlaceForCertificate ties a certificate to the key in the token.
BesideKey PlaceForCertificate(TokenAdmin& admin, const TokenPlace& token, const ImportRequest& request) {
  const std::optional<ObjectName> held = admin.NameOf(KeyIn(*request.certificate));
  ObjectName name{request.name.id, LabelFor(request)};
  if (name.id.empty() && !held) {
    throw Error({.code = ErrorCode::kCertificateOnly,
                 .detail = fmt::format("the token has no key for the certificate of {}",
                                       request.certificate->subject()),
                 .token = token.label,
                 .hint = "Import the key too, or give --id to import the certificate without a key."});
  }
  if (name.id.empty()) name.id = held->id;
  if (request.name.label.empty() && held && !held->label.empty()) name.label = held->label;
  if (name.id.empty()) return {std::move(name), {}};  // the key has no ID: the label is what they share
  if (!admin.List({.id = name.id, .label = {}}, CKO_PRIVATE_KEY).empty() && (!held || held->id != name.id)) {
    throw Error(
        {.code = ErrorCode::kKeyCertificateMismatch,
         .detail = fmt::format("the token's key with the ID {} differs from the key in the certificate",
                               HexEncode(name.id)),
         .token = token.label,
         .hint = "Give the ID of the certificate's key, or no ID. Nothing was written."});
  }
  auto others = OtherCertificates(admin, token, *request.certificate, name.id);
  return {std::move(name), std::move(others)};
}

void WriteIssuers(TokenAdmin& admin, const ImportRequest& request) {
  for (const Certificate& issuer : request.issuers) {
    const ObjectName name{IdOf(KeyIn(issuer)), issuer.user_name()};
    const auto there = admin.List({.id = name.id, .label = {}}, CKO_CERTIFICATE);
    const bool same = std::ranges::any_of(there, [&](const StoredObject& object) {
      return std::ranges::equal(object.attributes.BytesOf(CKA_VALUE), issuer.der());
    });
    if (!same) admin.ImportCertificate(issuer, name);
  }
}

ObjectName NameIn(const Pkcs11Uri& uri) {
  ObjectName name{uri.id().value_or(std::vector<std::uint8_t>{}), uri.object().value_or("")};
  if (name.id.empty() && name.label.empty()) {
    throw Error({.code = ErrorCode::kBadUri,
                 .detail = "the URI names no object",
                 .uri = uri.shown(),
                 .hint = "Add id= or object= to the URI."});
  }
  return name;
}

}  // namespace

PublicKey GenerateKey(const TokenPlace& token, const PinToSend& pin, const KeySpec& spec,
                      const ObjectName& name, const KeyPolicy& policy) {
  TokenAdmin admin(token, pin);
  RequireFreeId(admin, token, name);
  return admin.Generate(spec, name, policy);
}

std::vector<std::uint8_t> NewId() {
  std::vector<std::uint8_t> id(8);
  CheckOpenSsl(RAND_bytes_ex(OwnContext(), id.data(), id.size(), 0), "RAND_bytes_ex");
  return id;
}

ObjectName Import(const TokenPlace& token, const PinToSend& pin, const ImportRequest& request) {
  RequireMatch(request);
  TokenAdmin admin(token, pin);
  const BesideKey place = request.key != nullptr ? BesideKey{NameForKey(admin, token, request), {}}
                                                 : PlaceForCertificate(admin, token, request);
  admin.AllOrNothing([&] {
    if (request.key != nullptr) admin.ImportKey(request.key, place.name, request.policy);
    if (request.certificate) admin.ImportCertificate(*request.certificate, place.name);
    WriteIssuers(admin, request);
  });
  if (!request.replace) return place.name;
  for (const StoredObject& old : place.others) {
    admin.RemoveCertificate({old.id(), old.label()}, old.attributes.BytesOf(CKA_VALUE));
  }
  return place.name;
}

struct FoundObjects::State {
  State(const TokenPlace& token, const PinToSend& pin, const Pkcs11Uri& uri)
      : admin(token, pin), name(NameIn(uri)), object_class(uri.object_class()) {}

  TokenAdmin admin;
  ObjectName name;
  std::optional<CK_OBJECT_CLASS> object_class;
  std::vector<Matched> matched;
};

FoundObjects::FoundObjects(const TokenPlace& token, const PinToSend& pin, std::string_view uri) {
  state_ = std::make_unique<State>(token, pin, Pkcs11Uri::Parse(uri));
  for (const StoredObject& object : state_->admin.List(state_->name, state_->object_class)) {
    state_->matched.push_back({KindOf(object.object_class), {object.id(), object.label()}});
  }
}

FoundObjects::~FoundObjects() = default;

const std::vector<Matched>& FoundObjects::matched() const noexcept { return state_->matched; }

void FoundObjects::Remove() { state_->admin.Remove(state_->name, state_->object_class); }

}  // namespace signet::inline pkcs11

#include "libp11/provisioning.h"

#include "base/hex.h"
#include "base/openssl_context.h"
#include "base/openssl_error.h"
#include "identity/hashes.h"
#include "libp11/token_setup.h"
#include "pkcs11/admin/token_admin.h"
#include "pkcs11/objects/uri.h"
#include <signet/error.h>

#include <algorithm>

#include <fmt/format.h>
#include <openssl/rand.h>

namespace signet {
namespace {

// OpenToken is a token with the user logged in.
class OpenToken {
 public:
  OpenToken(const TokenPlace& place, const std::optional<Secret>& pin)
      : module_(place.module_path), admin_(module_.functions(), module_.SlotOf(place.label, place.serial)) {
    admin_.Login(pin);
  }
  TokenAdmin* operator->() { return &admin_; }

 private:
  AdminModule module_;
  TokenAdmin admin_;
};

[[noreturn]] void ThrowTaken(const TokenPlace& token, const std::vector<std::uint8_t>& id) {
  throw Error({.code = ErrorCode::kAmbiguous,
               .detail = fmt::format("the token has objects with the ID {} already", HexEncode(id)),
               .token = token.label,
               .mend = "Choose another --id, or remove them first: signet token remove."});
}

void RequireFreeId(OpenToken& open, const TokenPlace& token, const ObjectName& name) {
  if (open->Count({.id = name.id, .label = {}}, std::nullopt) > 0) ThrowTaken(token, name.id);
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

void RequireMatch(const ImportRequest& request) {
  if (request.key == nullptr || !request.certificate) return;
  const PublicKey certified = PublicKey::FromSpki(request.certificate->subject_public_key_info());
  if (PublicKey::FromNative(request.key) == certified) return;
  throw Error({.code = ErrorCode::kKeyCertificateMismatch,
               .detail = fmt::format("the private key does not belong to the certificate of {}",
                                     request.certificate->subject()),
               .mend = "Give the certificate that was issued for this key. Nothing was written."});
}

std::string LabelFor(const ImportRequest& request) {
  if (!request.name.label.empty()) return request.name.label;
  return request.certificate ? request.certificate->user_name() : std::string();
}

// NameForKey chooses the name of a key that comes in, and sees that nothing bears its ID.
ObjectName NameForKey(OpenToken& open, const TokenPlace& token, const ImportRequest& request) {
  ObjectName name{request.name.id, LabelFor(request)};
  if (name.id.empty()) name.id = IdOf(PublicKey::FromNative(request.key));
  RequireFreeId(open, token, name);
  return name;
}

// NameForCertificate ties a certificate to the key in the token.
ObjectName NameForCertificate(OpenToken& open, const TokenPlace& token, const ImportRequest& request) {
  const PublicKey certified = PublicKey::FromSpki(request.certificate->subject_public_key_info());
  const std::optional<ObjectName> held = open->NameOf(certified);
  ObjectName name{request.name.id, LabelFor(request)};
  if (name.id.empty() && !held) {
    throw Error({.code = ErrorCode::kCertificateOnly,
                 .detail = fmt::format("the token has no key for the certificate of {}",
                                       request.certificate->subject()),
                 .token = token.label,
                 .mend = "Import the key too, or give --id to put the certificate there all the same."});
  }
  if (name.id.empty()) name.id = held->id;
  if (request.name.label.empty() && held && !held->label.empty()) name.label = held->label;
  if (open->Count({.id = name.id, .label = {}}, CKO_PRIVATE_KEY) > 0 && (!held || held->id != name.id)) {
    throw Error({.code = ErrorCode::kKeyCertificateMismatch,
                 .detail = fmt::format("the token's key with the ID {} is not the one in the certificate",
                                       HexEncode(name.id)),
                 .token = token.label,
                 .mend = "Give the ID of the certificate's own key, or none. Nothing was written."});
  }
  if (open->Count({.id = name.id, .label = {}}, CKO_CERTIFICATE) > 0) ThrowTaken(token, name.id);
  return name;
}

// GoesThroughLibp11: libp11 stores RSA keys; it has no way to store others, or to say what a key may do.
bool GoesThroughLibp11(const ImportRequest& request, const std::optional<Secret>& pin) {
  return request.key != nullptr && pin && EVP_PKEY_is_a(request.key, "RSA") == 1 &&
         request.policy.public_object && !request.policy.always_authenticate && !request.policy.extractable;
}

void Write(const TokenPlace& token, const std::optional<Secret>& pin, const ImportRequest& request,
           const ObjectName& name) {
  if (GoesThroughLibp11(request, pin)) {
    TokenSetup(token.module_path)
        .StoreRsa(token.label, token.serial, *pin, request.key,
                  request.certificate ? &*request.certificate : nullptr, name);
    return;
  }
  OpenToken open(token, pin);
  if (request.key != nullptr) open->ImportKey(request.key, name, request.policy);
  if (request.certificate) open->ImportCertificate(*request.certificate, name);
}

void WriteIssuers(const TokenPlace& token, const std::optional<Secret>& pin, const ImportRequest& request,
                  std::vector<ObjectName>& written) {
  if (request.issuers.empty()) return;
  OpenToken open(token, pin);
  for (const Certificate& issuer : request.issuers) {
    const ObjectName name{IdOf(PublicKey::FromSpki(issuer.subject_public_key_info())), issuer.user_name()};
    if (open->Count({.id = name.id, .label = {}}, CKO_CERTIFICATE) > 0) continue;
    open->ImportCertificate(issuer, name);
    written.push_back(name);
  }
}

// Undo takes back what a failed Write left; of a certificate alone, only the certificate.
void Undo(const TokenPlace& token, const std::optional<Secret>& pin, const ImportRequest& request,
          const ObjectName& name, const std::vector<ObjectName>& issuers) noexcept {
  try {
    OpenToken open(token, pin);
    const std::optional<CK_OBJECT_CLASS> what =
        request.key != nullptr ? std::nullopt : std::optional<CK_OBJECT_CLASS>(CKO_CERTIFICATE);
    open->Remove({.id = name.id, .label = {}}, what);
    for (const ObjectName& issuer : issuers) open->Remove(issuer, CKO_CERTIFICATE);
  } catch (const std::exception&) {
    // The token is gone, or refuses everything: the first error is what the user must hear of.
  }
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

ObjectName NameIn(const Pkcs11Uri& uri) {
  ObjectName name{uri.id().value_or(std::vector<std::uint8_t>{}), uri.object().value_or("")};
  if (name.id.empty() && name.label.empty()) {
    throw Error({.code = ErrorCode::kBadUri,
                 .detail = "the URI names no object",
                 .uri = uri.shown(),
                 .mend = "Add id= or object= to say what is meant."});
  }
  return name;
}

}  // namespace

bool FitsUri(const TokenPlace& token, std::string_view uri) {
  const Pkcs11Uri parsed = Pkcs11Uri::Parse(uri);
  CK_TOKEN_INFO info{};
  const auto put = [](auto& field, const std::string& text) {
    std::ranges::fill(field, ' ');
    std::ranges::copy_n(text.begin(), static_cast<std::ptrdiff_t>(std::min(text.size(), sizeof(field))),
                        field);
  };
  put(info.label, token.label);
  put(info.serialNumber, token.serial);
  put(info.manufacturerID, token.manufacturer);
  put(info.model, token.model);
  return parsed.names_token() && parsed.Matches(info, 0);
}

PublicKey GenerateKey(const TokenPlace& token, const std::optional<Secret>& pin, const KeySpec& spec,
                      const ObjectName& name, const KeyPolicy& policy) {
  OpenToken open(token, pin);
  RequireFreeId(open, token, name);
  return open->Generate(spec, name, policy);
}

std::vector<std::uint8_t> NewId() {
  std::vector<std::uint8_t> id(8);
  CheckOpenSsl(RAND_bytes_ex(OwnContext(), id.data(), id.size(), 0), "RAND_bytes_ex");
  return id;
}

ObjectName Import(const TokenPlace& token, const std::optional<Secret>& pin, const ImportRequest& request) {
  RequireMatch(request);
  ObjectName name;
  {
    OpenToken open(token, pin);
    name =
        request.key != nullptr ? NameForKey(open, token, request) : NameForCertificate(open, token, request);
  }
  std::vector<ObjectName> issuers;
  try {
    Write(token, pin, request, name);
    WriteIssuers(token, pin, request, issuers);
  } catch (...) {
    Undo(token, pin, request, name, issuers);
    throw;
  }
  return name;
}

std::vector<Matched> FindObjects(const TokenPlace& token, const std::optional<Secret>& pin,
                                 std::string_view uri) {
  const Pkcs11Uri parsed = Pkcs11Uri::Parse(uri);
  std::vector<Matched> matched;
  for (const TokenAdmin::Object& object :
       OpenToken(token, pin)->List(NameIn(parsed), parsed.object_class())) {
    matched.push_back({KindOf(object.object_class), object.name});
  }
  return matched;
}

std::size_t RemoveObjects(const TokenPlace& token, const std::optional<Secret>& pin, std::string_view uri) {
  const Pkcs11Uri parsed = Pkcs11Uri::Parse(uri);
  return OpenToken(token, pin)->Remove(NameIn(parsed), parsed.object_class());
}

}  // namespace signet

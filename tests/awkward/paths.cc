#include "awkward/paths.h"

#include "awkward/admin_paths.h"
#include "awkward/store_path.h"
#include "identity/hashes.h"
#include "identity/public_key.h"
#include "identity/signature_schemes.h"
#include "pkcs11/world.h"
#include "testing/test_key.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <map>

#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/rsa.h>

namespace signet::testing {
namespace {

constexpr std::string_view kIds[] = {"\x01", "\x02", "\x03"};

// Peer is who derives with the token's EC key; Sealed is a message for its RSA key.
struct Partner {
  std::vector<std::uint8_t> point;
  std::vector<std::uint8_t> secret;
  std::vector<std::uint8_t> sealed;
};
const std::vector<std::uint8_t> kMessage(48, 0x5a);

Partner MakePartner(std::size_t person) {
  Partner partner;
  const auto peer = ReadPkcs8(IdentityFor((person + 1) % kPeople, "ec:P-256").private_key);
  const auto own = ReadPkcs8(IdentityFor(person, "ec:P-256").private_key);
  std::size_t size = 0;
  partner.point.resize(65);
  EVP_PKEY_get_octet_string_param(peer.get(), OSSL_PKEY_PARAM_PUB_KEY, partner.point.data(), 65, &size);
  OpenSslPtr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new(own.get(), nullptr));
  partner.secret.resize(32);
  size = 32;
  if (EVP_PKEY_derive_init(context.get()) != 1 || EVP_PKEY_derive_set_peer(context.get(), peer.get()) != 1 ||
      EVP_PKEY_derive(context.get(), partner.secret.data(), &size) != 1)
    throw std::runtime_error("derivation");
  const auto rsa = ReadPkcs8(IdentityFor(person, "rsa:2048").private_key);
  context.reset(EVP_PKEY_CTX_new(rsa.get(), nullptr));
  partner.sealed.resize(256);
  size = 256;
  if (EVP_PKEY_encrypt_init(context.get()) != 1 ||
      EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) != 1 ||
      EVP_PKEY_encrypt(context.get(), partner.sealed.data(), &size, kMessage.data(), kMessage.size()) != 1)
    throw std::runtime_error("encryption");
  return partner;
}

// WithNames adds what the library and the slot are called to the URI of a token with its PIN.
std::string WithNames(std::string uri) {
  return uri.insert(uri.find('?'), ";library-manufacturer=Signet;slot-manufacturer=Signet");
}

std::uint64_t NextAction() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

const Partner& PartnerOf(std::size_t person) {
  static const std::array<Partner, kPeople> partners{MakePartner(0), MakePartner(1), MakePartner(2)};
  return partners.at(person);
}

}  // namespace

std::string_view NameOf(Path path) {
  constexpr std::string_view kNames[] = {
      "list",  "open",   "load",   "sign",   "decrypt", "derive",       "store",
      "named", "keygen", "import", "remove", "set-pin", "set-pin --so", "set-pin of the user by the officer",
      "init"};
  return kNames[static_cast<std::size_t>(path)];
}

const TestIdentity& IdentityFor(std::size_t person, std::string_view key) {
  static const auto identities = [] {
    const TestPki pki;
    std::map<std::pair<std::size_t, std::string_view>, TestIdentity> made;
    for (std::size_t one = 0; one < kPeople; ++one) {
      for (const std::string_view kind : kKeyKinds) {
        const CertificateOptions options{.key = std::string(kind),
                                         .common_name = fmt::format("person {} {}", one, kind)};
        made.emplace(std::pair(one, kind), pki.Issue(options));
      }
    }
    return made;
  }();
  return identities.at({person, key});
}

void Fill(MemoryModule& module, std::size_t token, std::size_t person, const MemoryObjectOptions& options) {
  for (std::size_t kind = 0; kind < std::size(kKeyKinds); ++kind) {
    MemoryObjectOptions own = options;
    own.id = kIds[kind];
    own.label = kKeyKinds[kind];
    module.AddIdentity(token, IdentityFor(person, kKeyKinds[kind]), own);
  }
}

User::User(MemoryModule& module, std::size_t token, std::size_t person, const Settings& more)
    : module_(module), token_(token), person_(person), uri_(module.TokenUri(token, true)) {
  PartnerOf(person);
  Settings settings = more;
  settings.modules = {module.path()};
  settings_ = settings;
  source_ = std::make_shared<Pkcs11Source>(settings);
}

User::~User() = default;

std::string User::UriOf(std::size_t kind) const { return module_.ObjectUri(token_, kIds[kind], true); }

Outcome User::Guarded(const std::function<std::string()>& work) const {
  Outcome outcome;
  try {
    module_.BeginAction(NextAction());
    outcome.error = work();
    outcome.wrong = !outcome.error.empty();
    outcome.worked = outcome.error.empty();
  } catch (const Error& error) {
    outcome.error = error.what();
    outcome.call = error.call();
    outcome.code = error.code();
    outcome.native = error.native().value;
    outcome.module_said_it = error.native().kind == NativeCode::Kind::kPkcs11;
    outcome.causes = module_.Causes();
  }
  return outcome;
}

Outcome User::TakeKeys() {
  return Guarded([&]() -> std::string {
    std::vector<std::shared_ptr<PrivateKey>> keys;
    for (std::size_t kind = 0; kind < std::size(kKeyKinds); ++kind) {
      module_.BeginAction(NextAction());
      keys.push_back(LoadKey(*source_, UriOf(kind)));
    }
    keys_ = std::move(keys);
    return {};
  });
}

Outcome User::Do(Path path) {
  return Guarded([&]() -> std::string {
    switch (path) {
      case Path::kList:
        return List(uri_);
      case Path::kOpen:
        return Open();
      case Path::kLoad:
        return Load();
      case Path::kSign:
        return Sign();
      case Path::kDecrypt:
        return Decrypt();
      case Path::kDerive:
        return Derive();
      case Path::kNamed:
        return List(WithNames(uri_));
      case Path::kStore:
        return LoadFromStore();
      default:
        return ChangeToken(module_, token_, path, settings_);
    }
  });
}

std::string User::List(const std::string& uri) {
  const Listing listing = source_->List(uri, nullptr);
  if (!listing.problems.empty()) throw Error(listing.problems.front().error);
  std::vector<std::string> subjects;
  for (const Identity& identity : listing.identities) subjects.push_back(identity.subject());
  std::ranges::sort(subjects);
  std::vector<std::string> wanted;
  for (std::size_t kind = 0; kind < std::size(kKeyKinds); ++kind)
    wanted.push_back(Of(kind).certificate.subject());
  std::ranges::sort(wanted);
  return subjects == wanted ? "" : fmt::format("{} identities are listed, not these three", subjects.size());
}

// Open does what IdentitySource::Open does, with the source that has the keys.
std::string User::Open() {
  const std::size_t kind = round_++ % std::size(kKeyKinds);
  const Listing listing = source_->List(UriOf(kind), nullptr);
  if (!listing.problems.empty()) throw Error(listing.problems.front().error);
  if (listing.identities.size() != 1)
    return fmt::format("{} identities bear the name of one", listing.identities.size());
  if (listing.identities[0].leaf() != Of(kind).certificate) return "another identity is opened";
  listing.identities[0].key()->Unlock();
  return {};
}

std::string User::Load() {
  const std::size_t kind = round_++ % std::size(kKeyKinds);
  StoredObjects objects = source_->Load(UriOf(kind), kWantAll, nullptr);
  if (!objects.problems.empty()) throw Error(objects.problems.front().error);
  if (objects.private_keys.size() != 1 || objects.certificates.size() != 1)
    return fmt::format("{} keys and {} certificates are loaded", objects.private_keys.size(),
                       objects.certificates.size());
  if (!std::ranges::equal(objects.private_keys[0]->subject_public_key_info(),
                          Of(kind).certificate.subject_public_key_info()))
    return "another key is loaded";
  return {};
}

std::string User::Sign() {
  const std::size_t kind = round_++ % std::size(kKeyKinds);
  PrivateKey& key = *keys_.at(kind);
  const SignatureScheme scheme = key.schemes().at(0);
  const std::vector<std::uint8_t> message(20 + round_ % 50, static_cast<std::uint8_t>(round_));
  const auto signature = key.SignMessage(scheme, message);
  const SigningAlgorithm& algorithm = RowOf(scheme).algorithm;
  const auto input = algorithm.hash == Hash::kNone ? message : Digest(algorithm.hash, message);
  const bool right =
      PublicKey::FromSpki(Of(kind).certificate.subject_public_key_info()).Verify(algorithm, input, signature);
  return right ? "" : "the signature is not the certificate's key's";
}

std::string User::Decrypt() {
  std::vector<std::uint8_t> clear(256);
  const DecryptionAlgorithm oaep{.kind = DecryptionAlgorithm::Kind::kRsaOaep};
  clear.resize(keys_.at(0)->Decrypt(oaep, PartnerOf(person_).sealed, clear));
  return clear == kMessage ? "" : "the message is another one";
}

std::string User::Derive() {
  Secret secret = keys_.at(1)->Derive(PartnerOf(person_).point);
  return std::ranges::equal(secret.writable_bytes(), PartnerOf(person_).secret) ? ""
                                                                                : "the secret is another one";
}

// LoadFromStore has a library context of its own, as its provider has a source of its own.
std::string User::LoadFromStore() {
  if (store_ == nullptr) store_ = std::make_unique<StorePath>(module_.path());
  const std::size_t kind = round_++ % std::size(kKeyKinds);
  return store_->Do(UriOf(kind), Of(kind).certificate);
}

}  // namespace signet::testing

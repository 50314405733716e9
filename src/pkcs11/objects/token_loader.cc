#include "pkcs11/keys/token_key.h"
#include "pkcs11/objects/key_shape.h"
#include "pkcs11/objects/public_part.h"
#include "pkcs11/objects/survey.h"
#include "pkcs11/objects/token_reader.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include <fmt/format.h>

namespace signet::inline pkcs11 {
namespace {

std::string TextOf(std::span<const std::uint8_t> bytes) { return {bytes.begin(), bytes.end()}; }

// Loader takes one token's objects for a store: keys without certificates, certificates without keys.
class Loader {
 public:
  Loader(TokenReader& reader, std::shared_ptr<Token> token, std::shared_ptr<const Credentials> credentials,
         const std::vector<Certificate>& chain_file)
      : reader_(reader),
        token_(std::move(token)),
        credentials_(std::move(credentials)),
        chain_file_(chain_file) {}

  StoredObjects Load(Wanted wanted, bool with_chain) {
    if ((wanted & kWantPrivateKeys) != 0) LoadPrivateKeys();
    if ((wanted & kWantPublicKeys) != 0) {
      for (const StoredObject* object : reader_.named(CKO_PUBLIC_KEY))
        Guarded([&] { LoadPublicKey(*object); });
    }
    if ((wanted & kWantCertificates) != 0) LoadCertificates(with_chain);
    return std::move(result_);
  }

 private:
  // Guarded makes a problem of what goes wrong with one object; what is stale concerns them all.
  template <class Work>
  void Guarded(Work work) {
    try {
      work();
    } catch (const Error& error) {
      if (reader_.lease().WillRetry(error)) throw;
      result_.problems.push_back({credentials_->uri, error});
    }
  }

  // LoadPrivateKeys takes the keys that the URI names, or where it names only a certificate or a public key,
  // the key that belongs to it.
  void LoadPrivateKeys() {
    TokenReader::Objects named = reader_.named(CKO_PRIVATE_KEY);
    bool with_certificates = false;
    if (named.size() > TokenReader::kManyObjects) reader_.ReadAll();
    for (const StoredObject* object : named) {
      if (PublicPartOf(*object) && !IsRsa(*object)) continue;
      // What tells the public part may be called otherwise. Of an RSA key only the certificate tells that it
      // is for PSS.
      if (!IsRsa(*object)) {
        if (!reader_.WithId(object->id(), CKO_PUBLIC_KEY).empty()) continue;
        reader_.ReadRivals(object->label(), reader_.WithLabel(object->label(), CKO_PUBLIC_KEY));
      }
      with_certificates = true;
      if (reader_.WithId(object->id(), CKO_CERTIFICATE).empty())
        reader_.ReadRivals(object->label(), reader_.WithLabel(object->label(), CKO_CERTIFICATE));
    }
    if (named.empty() && !reader_.matched(CKO_CERTIFICATE).empty()) {
      reader_.ReadAll();
      named = KeysOfNamedCertificates();
      with_certificates = true;
    }
    const std::set<const StoredObject*> meant(named.begin(), named.end());
    const Survey survey(reader_, with_certificates);
    for (std::size_t i = 0; i < survey.private_keys.size(); ++i) {
      if (!meant.contains(survey.private_keys[i])) continue;
      Guarded([&] { LoadPrivateKey(survey, i); });
    }
  }

  TokenReader::Objects KeysOfNamedCertificates() {
    const Survey survey(reader_);
    const TokenReader::Objects matched = reader_.matched(CKO_CERTIFICATE);
    const std::set<const StoredObject*> named(matched.begin(), matched.end());
    TokenReader::Objects keys;
    for (std::size_t key = 0; key < survey.private_keys.size(); ++key) {
      const bool meant = std::ranges::any_of(survey.CertificatesOf(key), [&](std::size_t certificate) {
        return named.contains(survey.certificates[certificate]);
      });
      if (meant) keys.push_back(survey.private_keys[key]);
    }
    return keys;
  }

  static bool IsRsa(const StoredObject& object) {
    return object.attributes.NumberOf(CKA_KEY_TYPE) == CKK_RSA;
  }

  void LoadPrivateKey(const Survey& survey, std::size_t index) {
    const StoredObject& object = *survey.private_keys[index];
    auto public_key = survey.PublicPartFor(index);
    // The program may bring the certificate itself, or need no public part.
    if (!public_key) public_key = ShapeOf(object);
    if (!public_key) {
      throw Error({.code = ErrorCode::kUnsupported,
                   .detail = fmt::format("token {}: cannot determine the public key of the key {}",
                                         token_->label(), object.label()),
                   .token = token_->label(),
                   .hint = "Store its public key or its certificate on the token, with the same CKA_ID."});
    }
    auto key = std::make_shared<TokenKey>(token_, credentials_, TokenKey::Mark{object.id(), object.label()},
                                          *std::move(public_key));
    key->Adopt(object, reader_.handles());
    result_.private_keys.push_back(std::move(key));
  }

  void LoadPublicKey(const StoredObject& object) {
    if (auto key = PublicPartOf(object)) {
      const bool pss = key->type() == KeyType::kRsa && AllowsPssAlone(object);
      result_.public_keys.push_back(pss ? RsaPssOf(*key) : *std::move(key));
      return;
    }
    throw Error({.code = ErrorCode::kUnsupported,
                 .detail = fmt::format("token {}: the type of the public key {} is not supported",
                                       token_->label(), object.label()),
                 .token = token_->label(),
                 .hint = "Use an RSA, EC, Ed25519 or Ed448 key."});
  }

  // LoadCertificates puts leaves first, each followed by its chain. Without chains nothing is searched for;
  // the certificates that the URI names are ordered anyway.
  void LoadCertificates(bool with_chain) {
    std::vector<Certificate> held;
    for (const StoredObject* object : reader_.named(CKO_CERTIFICATE)) {
      const DecodedCertificate& decoded = reader_.Decoded(*object);
      if (decoded.certificate) held.push_back(*decoded.certificate);
      if (decoded.error) result_.problems.push_back({credentials_->uri, *decoded.error});
    }
    std::ranges::stable_sort(held, {}, [](const Certificate& one) { return one.is_ca(); });
    std::multimap<std::string, Certificate> by_subject;
    for (const Certificate& one : held) by_subject.emplace(TextOf(one.subject_der()), one);
    std::set<std::string> given;  // SHA-256
    for (const Certificate& one : held) {
      if (given.contains(one.sha256())) continue;
      std::vector<Certificate> others;
      if (with_chain && !one.is_ca()) {
        others = reader_.Issuers(one, chain_file_);
      } else {
        others = Issuers(one, by_subject);
      }
      const CertificateChain chain(one, others);
      for (const Certificate& certificate : chain.certificates()) {
        if (given.insert(certificate.sha256()).second) result_.certificates.push_back(certificate);
      }
    }
  }

  // Issuers gives those of `by_subject` that may continue a chain from `leaf`.
  static std::vector<Certificate> Issuers(const Certificate& leaf,
                                          const std::multimap<std::string, Certificate>& by_subject) {
    std::vector<Certificate> issuers;
    std::set<std::string> seen;
    std::vector<Certificate> open{leaf};
    while (!open.empty()) {
      const Certificate last = open.back();
      open.pop_back();
      const auto [first, end] = by_subject.equal_range(TextOf(last.issuer_der()));
      for (auto one = first; one != end && !last.self_signed(); ++one) {
        if (!seen.insert(one->second.sha256()).second) continue;
        issuers.push_back(one->second);
        open.push_back(one->second);
      }
    }
    return issuers;
  }

  TokenReader& reader_;
  const std::shared_ptr<Token> token_;
  const std::shared_ptr<const Credentials> credentials_;
  const std::vector<Certificate>& chain_file_;
  StoredObjects result_;
};

}  // namespace

namespace {

// KeyIsHidden tells whether the private key that the URI names is not to be seen without login.
bool KeyIsHidden(Token::Lease& lease, const Pkcs11Uri& uri) {
  ObjectTemplate wanted{.object_class = CKO_PRIVATE_KEY, .id = uri.id()};
  if (!wanted.id || wanted.id->empty()) wanted.label = uri.object();
  return FindHandles(lease, wanted).empty();
}

}  // namespace

// A private key that can be seen without login is used without one. Where the URI names no object and a PIN
// is available, the login comes first, so that all keys of the token are considered. Some tokens hide
// certificates and public keys too before the login; there is no prompt on this suspicion.
StoredObjects LoadFrom(const std::shared_ptr<Token>& token,
                       const std::shared_ptr<const Credentials>& credentials, const Pkcs11Uri& uri,
                       Wanted wanted, const std::vector<Certificate>& chain_file) {
  using enum Settings::LoginBehavior;
  const bool keys = (wanted & kWantPrivateKeys) != 0;
  const bool named = (uri.id() && !uri.id()->empty()) || uri.object();
  const bool judged_on_all = keys && !named && token->HasPin(*credentials);
  const auto load = [&](const Access& access) {
    return token->Use(access, [&](Token::Lease& lease) {
      if (keys && named && !lease.logged_in() && KeyIsHidden(lease, uri)) lease.RequireLogin();
      const auto mechanisms = token->Mechanisms(lease);
      TokenReader reader(lease, uri);
      reader.ReadNamed(wanted);
      StoredObjects objects =
          Loader(reader, token, credentials, chain_file).Load(wanted, !uri.object_class());
      // The login may have been undone during the search.
      if (keys && named && objects.private_keys.empty() && objects.problems.empty()) lease.Missing();
      if (keys && !named && (judged_on_all || objects.private_keys.empty())) lease.RequireLogin();
      return objects;
    });
  };
  if (keys || credentials->behavior == kAlways) {
    return load(
        {.credentials = credentials.get(), .login_first = judged_on_all || credentials->behavior == kAlways});
  }
  StoredObjects objects = load({});
  const bool found = !objects.public_keys.empty() || !objects.certificates.empty();
  const bool may_hide = credentials->behavior == kAuto && !credentials->pin.empty() && token->LoginIsDue();
  return found || !may_hide ? std::move(objects)
                            : load({.credentials = credentials.get(), .login_first = true});
}

}  // namespace signet::inline pkcs11

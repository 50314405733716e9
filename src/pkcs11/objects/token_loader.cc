#include "pkcs11/keys/token_key.h"
#include "pkcs11/objects/key_shape.h"
#include "pkcs11/objects/public_part.h"
#include "pkcs11/objects/survey.h"
#include "pkcs11/objects/token_reader.h"

#include <algorithm>

#include <fmt/format.h>

namespace signet {
namespace {

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
    if ((wanted & kWantCertificates) != 0) {
      for (const StoredObject* object : reader_.named(CKO_CERTIFICATE)) {
        Guarded([&] { certificates_.push_back({CertificateOf(*object, *token_), object->id()}); });
      }
      OrderCertificates(with_chain);
    }
    return std::move(result_);
  }

 private:
  struct Held {
    Certificate certificate;
    Bytes id;
  };

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
    const Survey survey(reader_, *token_, with_certificates);
    for (std::size_t i = 0; i < survey.private_keys.size(); ++i) {
      if (std::ranges::find(named, survey.private_keys[i]) == named.end()) continue;
      Guarded([&] { LoadPrivateKey(survey, i); });
    }
  }

  TokenReader::Objects KeysOfNamedCertificates() {
    const Survey survey(reader_, *token_);
    const auto matched = reader_.matched(CKO_CERTIFICATE);
    TokenReader::Objects keys;
    for (std::size_t i = 0; i < survey.pairs.size(); ++i) {
      if (!survey.pairs[i].private_key) continue;
      if (std::ranges::find(matched, survey.certificates[i]) == matched.end()) continue;
      const StoredObject* key = survey.private_keys[*survey.pairs[i].private_key];
      if (std::ranges::find(keys, key) == keys.end()) keys.push_back(key);
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
                   .mend = "Store its public key or its certificate on the token, with the same CKA_ID."});
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
                 .detail = fmt::format("token {}: the public key {} is of a kind unknown here",
                                       token_->label(), object.label()),
                 .token = token_->label(),
                 .mend = "Use an RSA, EC, Ed25519 or Ed448 key."});
  }

  // OrderCertificates puts leaves first, each followed by its chain.
  void OrderCertificates(bool with_chain) {
    std::ranges::stable_sort(certificates_, {}, [](const Held& held) { return held.certificate.is_ca(); });
    std::vector<Certificate> others;
    if (with_chain) others = chain_file_;
    for (const Held& held : certificates_) others.push_back(held.certificate);
    auto& ordered = result_.certificates;
    for (const Held& held : certificates_) {
      if (std::ranges::find(ordered, held.certificate) != ordered.end()) continue;
      if (with_chain && !held.certificate.is_ca()) {
        const auto more = reader_.Issuers(held.certificate);
        others.insert(others.end(), more.begin(), more.end());
      }
      const CertificateChain chain(held.certificate, others);
      for (const Certificate& certificate : chain.certificates()) {
        if (std::ranges::find(ordered, certificate) == ordered.end()) ordered.push_back(certificate);
      }
    }
  }

  TokenReader& reader_;
  const std::shared_ptr<Token> token_;
  const std::shared_ptr<const Credentials> credentials_;
  const std::vector<Certificate>& chain_file_;
  std::vector<Held> certificates_;
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

// A private key that can be seen without login is used without one. Some tokens hide certificates and public
// keys too before the login; nobody is asked for a PIN on that suspicion.
StoredObjects LoadFrom(const std::shared_ptr<Token>& token,
                       const std::shared_ptr<const Credentials>& credentials, const Pkcs11Uri& uri,
                       Wanted wanted, const std::vector<Certificate>& chain_file) {
  using enum Settings::LoginBehavior;
  const bool keys = (wanted & kWantPrivateKeys) != 0;
  const bool named = (uri.id() && !uri.id()->empty()) || uri.object();
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
      if (keys && !named) lease.RequireLogin();
      return objects;
    });
  };
  if (keys || credentials->behavior == kAlways) {
    return load(
        {.credentials = credentials.get(), .login_first = !named || credentials->behavior == kAlways});
  }
  StoredObjects objects = load({});
  const bool found = !objects.public_keys.empty() || !objects.certificates.empty();
  const bool may_hide = credentials->behavior == kAuto && !credentials->pin.empty() && token->LoginIsDue();
  return found || !may_hide ? std::move(objects)
                            : load({.credentials = credentials.get(), .login_first = true});
}

}  // namespace signet

#include "pkcs11/objects/token_lister.h"

#include "pkcs11/keys/token_key.h"
#include "pkcs11/objects/public_part.h"
#include "pkcs11/objects/token_reader.h"

#include <algorithm>

#include <fmt/format.h>

namespace signet {
namespace {

class Lister {
 public:
  Lister(TokenReader& reader, std::shared_ptr<Token> token, std::shared_ptr<const Credentials> credentials,
         bool keys_visible, const std::vector<Certificate>& chain_file)
      : reader_(reader),
        token_(std::move(token)),
        credentials_(std::move(credentials)),
        keys_visible_(keys_visible),
        chain_file_(chain_file) {}

  Listing List() {
    reader_.ReadNamed(kWantAll);
    CollectCertificates();
    for (const Held& held : certificates_) {
      const Error::Fields about{.token = token_->label(), .uri = UriOf(*held.object)};
      Guarded(about.uri, [&] { ListCertificate(held, about); });
    }
    for (const StoredObject* key : reader_.named(CKO_PRIVATE_KEY)) {
      Guarded(UriOf(*key), [&] { ListLoneKey(*key); });
    }
    return std::move(listing_);
  }

 private:
  struct Held {
    const StoredObject* object;
    Certificate certificate;
  };

  template <class Work>
  void Guarded(const std::string& uri, Work work) {
    try {
      work();
    } catch (const Error& error) {
      if (reader_.lease().WillRetry(error)) throw;
      listing_.problems.push_back({uri, error.WithUri(uri)});
    }
  }

  // CollectCertificates takes the certificates that the URI names, and those of the keys that it names.
  void CollectCertificates() {
    std::vector<const StoredObject*> objects = reader_.named(CKO_CERTIFICATE);
    for (const CK_OBJECT_CLASS object_class : {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY}) {
      for (const StoredObject* key : reader_.named(object_class)) {
        const auto paired = reader_.WithId(key->id(), CKO_CERTIFICATE);
        const bool taken =
            std::ranges::any_of(objects, [&](const auto* one) { return one->id() == key->id(); });
        if (!taken) objects.insert(objects.end(), paired.begin(), paired.end());
      }
    }
    for (const StoredObject* object : objects) {
      Guarded(UriOf(*object), [&] { certificates_.push_back({object, CertificateOf(*object, *token_)}); });
    }
  }

  // UriOf names the object by ID, and by label too where several certificates share the ID.
  std::string UriOf(const StoredObject& object) {
    const bool shared =
        object.object_class == CKO_CERTIFICATE && reader_.WithId(object.id(), CKO_CERTIFICATE).size() > 1;
    return ObjectUri(token_->info(), object.id(), object.label(), shared);
  }

  void ListCertificate(const Held& held, const Error::Fields& about) {
    const auto keys = reader_.WithId(held.object->id(), CKO_PRIVATE_KEY);
    if (keys.empty() && held.certificate.is_ca() && !MayHaveKey(held)) return;  // It serves a chain.
    if (keys.empty() && keys_visible_) {
      throw Error({.code = ErrorCode::kCertificateOnly,
                   .detail = fmt::format("the certificate of {} has no private key with its CKA_ID",
                                         held.certificate.subject()),
                   .token = about.token,
                   .mend = "Put the key beside it, with the same CKA_ID."});
    }
    auto key = std::make_shared<TokenKey>(token_, CredentialsFor(about.uri),
                                          TokenKey::Mark{held.object->id(), held.object->label()},
                                          PublicKey::FromSpki(held.certificate.subject_public_key_info()));
    if (!keys.empty()) {
      AdoptAny(*key, keys);
      CheckPublicKey(held, keys);
    }
    listing_.identities.push_back(
        Identity::Proven(ChainOf(held.certificate), std::move(key), Identity::Source::kPkcs11, about.uri));
  }

  // AdoptAny takes the first key object that is the certificate's; throws what the last one lacked.
  void AdoptAny(TokenKey& key, const std::vector<const StoredObject*>& objects) {
    for (std::size_t i = 0; i < objects.size(); ++i) {
      try {
        key.Adopt(*objects[i], reader_.handles());
        return;
      } catch (const Error&) {
        if (i + 1 == objects.size()) throw;
      }
    }
  }

  // CheckPublicKey finds a mismatch early where the private key itself reveals nothing: the public key beside
  // it is most likely its own. The last word has the first signature.
  void CheckPublicKey(const Held& held, const std::vector<const StoredObject*>& keys) {
    const PublicKey certified = PublicKey::FromSpki(held.certificate.subject_public_key_info());
    if (std::ranges::any_of(keys, [&](const auto* key) { return SameKey(*key, certified).has_value(); }))
      return;
    const auto beside = reader_.WithId(held.object->id(), CKO_PUBLIC_KEY);
    const bool other =
        std::ranges::all_of(beside, [&](const auto* key) { return SameKey(*key, certified) == false; });
    if (beside.empty() || !other) return;
    throw Error({.code = ErrorCode::kKeyCertificateMismatch,
                 .detail = fmt::format("the key beside the certificate of {} is another one",
                                       held.certificate.subject()),
                 .token = token_->label(),
                 .mend = "Put the certificate that was issued for this key beside it."});
  }

  // MayHaveKey tells of a CA whether this token holds its key: its public key is there.
  bool MayHaveKey(const Held& held) {
    return !keys_visible_ && !reader_.WithId(held.object->id(), CKO_PUBLIC_KEY).empty();
  }

  void ListLoneKey(const StoredObject& key) {
    const bool paired =
        std::ranges::any_of(certificates_, [&](const Held& held) { return held.object->id() == key.id(); });
    if (paired && !key.id().empty()) return;
    throw Error({.code = ErrorCode::kKeyOnly,
                 .detail = fmt::format("the private key {} has no certificate with its CKA_ID", key.label()),
                 .token = token_->label(),
                 .mend = "Put the certificate beside it, with the same CKA_ID."});
  }

  CertificateChain ChainOf(const Certificate& leaf) {
    std::vector<Certificate> others = chain_file_;
    for (const Held& held : certificates_) others.push_back(held.certificate);
    const CertificateChain known(leaf, others);
    if (known.certificates().back().self_issued()) return known;
    const auto more = reader_.Issuers(known.certificates().back());
    others.insert(others.end(), more.begin(), more.end());
    return CertificateChain(leaf, others);
  }

  std::shared_ptr<const Credentials> CredentialsFor(const std::string& uri) const {
    auto own = std::make_shared<Credentials>(*credentials_);
    own->uri = uri;
    return own;
  }

  TokenReader& reader_;
  const std::shared_ptr<Token> token_;
  const std::shared_ptr<const Credentials> credentials_;
  const bool keys_visible_;
  const std::vector<Certificate>& chain_file_;
  std::vector<Held> certificates_;
  Listing listing_;
};

}  // namespace

Listing ListFrom(const std::shared_ptr<Token>& token, const std::shared_ptr<const Credentials>& credentials,
                 const Pkcs11Uri& uri, const std::vector<Certificate>& chain_file) {
  const bool log_in = !credentials->pin.empty();
  const Access access{.credentials = log_in ? credentials.get() : nullptr, .login_first = log_in};
  return token->Use(access, [&](Token::Lease& lease) {
    const auto mechanisms = token->Mechanisms(lease);
    TokenReader reader(lease, uri);
    Listing listing = Lister(reader, token, credentials, !token->LoginIsDue(), chain_file).List();
    lease.CheckLogin();
    return listing;
  });
}

}  // namespace signet

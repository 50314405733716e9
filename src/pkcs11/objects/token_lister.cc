#include "pkcs11/objects/token_lister.h"

#include "pkcs11/keys/token_key.h"
#include "pkcs11/objects/survey.h"
#include "pkcs11/objects/token_reader.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include <fmt/format.h>

namespace signet {
namespace {

std::string TextOf(const Bytes& bytes) { return {bytes.begin(), bytes.end()}; }

class Lister {
 public:
  Lister(TokenReader& reader, std::shared_ptr<Token> token, std::shared_ptr<const Credentials> credentials,
         bool keys_visible, const std::vector<Certificate>& chain_file)
      : reader_(reader),
        token_(std::move(token)),
        credentials_(std::move(credentials)),
        keys_visible_(keys_visible),
        chain_file_(chain_file),
        survey_(Read(reader, *token_, keys_visible)) {}

  Listing List() {
    const auto named = [&](CK_OBJECT_CLASS object_class) {
      const auto objects = reader_.named(object_class);
      return std::set<const StoredObject*>(objects.begin(), objects.end());
    };
    const auto certificates = named(CKO_CERTIFICATE);
    const auto keys = named(CKO_PRIVATE_KEY);
    const auto public_ids = [&] {
      std::set<std::string> ids;
      for (const StoredObject* key : reader_.named(CKO_PUBLIC_KEY)) ids.insert(TextOf(key->id()));
      return ids;
    }();
    // Where the URI names a certificate of a key, others of the same key are not meant.
    std::set<std::size_t> meant;
    for (std::size_t i = 0; i < survey_.certificates.size(); ++i) {
      const auto& key = survey_.pairs[i].private_key;
      if (key && certificates.contains(survey_.certificates[i])) meant.insert(*key);
    }
    for (std::size_t i = 0; i < survey_.certificates.size(); ++i) {
      const StoredObject* object = survey_.certificates[i];
      const auto& key = survey_.pairs[i].private_key;
      const bool by_key = key && keys.contains(survey_.private_keys[*key]) && !meant.contains(*key);
      const bool by_public_key = !key && !object->id().empty() && public_ids.contains(TextOf(object->id()));
      const bool wanted = certificates.contains(object) || by_key || by_public_key;
      if (wanted) Guarded(UriOf(i), [&] { ListCertificate(i); });
    }
    ListLoneKeys(keys);
    return std::move(listing_);
  }

 private:
  // Read reads what the URI names, and where something of it lacks its counterpart, the whole token: it may
  // have another ID.
  static Survey Read(TokenReader& reader, const Token& token, bool keys_visible) {
    reader.ReadNamed(kWantAll);
    for (const CK_OBJECT_CLASS object_class : {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY, CKO_CERTIFICATE}) {
      for (const StoredObject* object : reader.matched(object_class)) {
        for (const CK_OBJECT_CLASS other : {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY, CKO_CERTIFICATE})
          reader.WithId(object->id(), other);
      }
    }
    Survey survey(reader, token);
    if (reader.has_read_all() || Whole(survey, keys_visible)) return survey;
    reader.ReadAll();
    return Survey(reader, token);
  }

  static bool Whole(const Survey& survey, bool keys_visible) {
    std::set<std::size_t> paired;
    for (std::size_t i = 0; i < survey.pairs.size(); ++i) {
      const Pair& pair = survey.pairs[i];
      if (pair.private_key) paired.insert(*pair.private_key);
      if (!pair.private_key && keys_visible && !survey.unreadable[i]) return false;
    }
    return paired.size() == survey.private_keys.size();
  }

  template <class Work>
  void Guarded(const std::string& uri, Work work) {
    try {
      work();
    } catch (const Error& error) {
      if (reader_.lease().WillRetry(error)) throw;
      listing_.problems.push_back({uri, error.WithUri(uri)});
    }
  }

  // UriOf names the certificate by ID, and by label too where several certificates share the ID; where it has
  // neither, the key's are taken.
  std::string UriOf(std::size_t certificate) {
    const StoredObject* object = survey_.certificates[certificate];
    const auto& key = survey_.pairs[certificate].private_key;
    if (object->id().empty() && object->label().empty() && key) object = survey_.private_keys[*key];
    const Bytes& id = object->id();
    if (shared_ids_.empty()) {
      for (const StoredObject* one : survey_.certificates) ++shared_ids_[TextOf(one->id())];
    }
    return ObjectUri(token_->info(), id, object->label(), shared_ids_[TextOf(id)] > 1, token_->name().slot);
  }

  void ListCertificate(std::size_t i) {
    if (survey_.unreadable[i]) throw Error(*survey_.unreadable[i]);
    const Certificate& certificate = *survey_.decoded[i];
    const Pair& pair = survey_.pairs[i];
    const StoredObject& object = *survey_.certificates[i];
    const bool may_be_hidden = !keys_visible_ && !pair.mismatch;
    if (!pair.private_key && certificate.is_ca() && !pair.mismatch && !MayHaveKey(i)) return;  // For chains.
    if (!pair.private_key && !may_be_hidden) ThrowUnpaired(certificate, pair.mismatch);
    const StoredObject& mark = pair.private_key ? *survey_.private_keys[*pair.private_key] : object;
    const std::string uri = UriOf(i);
    auto key =
        std::make_shared<TokenKey>(token_, CredentialsFor(uri), TokenKey::Mark{mark.id(), mark.label()},
                                   PublicKey::FromSpki(certificate.subject_public_key_info()));
    if (pair.private_key) key->Adopt(mark, reader_.handles());
    listing_.identities.push_back(
        Identity::Proven(ChainOf(certificate), std::move(key), Identity::Source::kPkcs11, uri));
  }

  [[noreturn]] void ThrowUnpaired(const Certificate& certificate, bool mismatch) const {
    if (mismatch) {
      throw Error({.code = ErrorCode::kKeyCertificateMismatch,
                   .detail = fmt::format("the key beside the certificate of {} is another one",
                                         certificate.subject()),
                   .token = token_->label(),
                   .mend = "Put the certificate that was issued for this key beside it."});
    }
    throw Error(
        {.code = ErrorCode::kCertificateOnly,
         .detail = fmt::format("the certificate of {} has no private key on the token, neither by CKA_ID nor "
                               "by public key nor by label",
                               certificate.subject()),
         .token = token_->label(),
         .mend = "Put the key beside it, with the same CKA_ID."});
  }

  // MayHaveKey tells of a CA whether this token holds its key: its public key is there.
  bool MayHaveKey(std::size_t certificate) const {
    const ObjectFacts& facts = survey_.facts.certificates[certificate];
    return !keys_visible_ && std::ranges::any_of(survey_.facts.public_keys, [&](const ObjectFacts& key) {
      return key.material == facts.material || (!key.id.empty() && key.id == facts.id);
    });
  }

  void ListLoneKeys(const std::set<const StoredObject*>& named) {
    std::set<std::size_t> paired;
    for (const Pair& pair : survey_.pairs) {
      if (pair.private_key) paired.insert(*pair.private_key);
    }
    for (std::size_t i = 0; i < survey_.private_keys.size(); ++i) {
      const StoredObject& key = *survey_.private_keys[i];
      if (paired.contains(i) || !named.contains(&key)) continue;
      const bool mismatch_told =
          std::ranges::any_of(survey_.certificates, [&](const StoredObject* certificate) {
            return !key.id().empty() && certificate->id() == key.id();
          });
      if (mismatch_told) continue;
      const std::string uri = ObjectUri(token_->info(), key.id(), key.label(), false, token_->name().slot);
      Guarded(uri, [&] {
        throw Error(
            {.code = ErrorCode::kKeyOnly,
             .detail = fmt::format("the private key {} has no certificate on the token, neither by CKA_ID "
                                   "nor by public key nor by label",
                                   key.label()),
             .token = token_->label(),
             .mend = "Put the certificate beside it, with the same CKA_ID."});
      });
    }
  }

  CertificateChain ChainOf(const Certificate& leaf) {
    std::vector<Certificate> others = chain_file_;
    const auto more = reader_.Issuers(leaf);
    others.insert(others.end(), more.begin(), more.end());
    const CertificateChain known(leaf, others);
    // The chain file may lead to an issuer whose own issuer is on the token.
    const Certificate& last = known.certificates().back();
    if (last.self_issued() || chain_file_.empty() || last == leaf) return known;
    const auto further = reader_.Issuers(last);
    others.insert(others.end(), further.begin(), further.end());
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
  const Survey survey_;
  std::map<std::string, int> shared_ids_;
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
    // The login may have been undone during the search.
    lease.RequireLogin();
    return listing;
  });
}

}  // namespace signet

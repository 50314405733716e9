#include "pkcs11/objects/token_lister.h"

#include "identity/cut_chain.h"
#include "pkcs11/keys/token_key.h"
#include "pkcs11/objects/survey.h"
#include "pkcs11/objects/token_reader.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include <fmt/format.h>

namespace signet::inline pkcs11 {
namespace {

constexpr CK_OBJECT_CLASS kClasses[] = {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY, CKO_CERTIFICATE};

std::string TextOf(const Bytes& bytes) { return {bytes.begin(), bytes.end()}; }

class Lister {
 public:
  Lister(TokenReader& reader, std::shared_ptr<Token> token, std::shared_ptr<const Credentials> credentials,
         bool keys_visible, const std::vector<Certificate>& chain_file)
      : reader_(reader),
        token_(std::move(token)),
        credentials_(std::move(credentials)),
        chain_file_(chain_file),
        survey_(Read(reader, keys_visible)),
        keys_visible_(keys_visible && reader.lease().ShowsPrivate()) {}

  Listing List() {
    const std::set<const StoredObject*> certificates = Named(CKO_CERTIFICATE);
    const std::set<const StoredObject*> keys = Named(CKO_PRIVATE_KEY);
    std::set<std::string> public_ids;
    for (const StoredObject* key : Named(CKO_PUBLIC_KEY)) public_ids.insert(TextOf(key->id()));
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
  static Survey Read(TokenReader& reader, bool keys_visible) {
    reader.ReadNamed(kWantAll);
    if (reader.has_read_all()) return Survey(reader);
    std::vector<Bytes> ids;
    for (const CK_OBJECT_CLASS object_class : kClasses) {
      for (const StoredObject* object : reader.matched(object_class)) ids.push_back(object->id());
    }
    if (ids.size() > TokenReader::kManyObjects) {
      reader.ReadAll();
      return Survey(reader);
    }
    for (const Bytes& id : ids) {
      for (const CK_OBJECT_CLASS object_class : kClasses) reader.WithId(id, object_class);
    }
    Survey survey(reader);
    if (Whole(survey, keys_visible)) return survey;
    reader.ReadAll();
    return Survey(reader);
  }

  std::set<const StoredObject*> Named(CK_OBJECT_CLASS object_class) {
    const TokenReader::Objects objects = reader_.named(object_class);
    return {objects.begin(), objects.end()};
  }

  static bool Whole(const Survey& survey, bool keys_visible) {
    for (std::size_t i = 0; i < survey.pairs.size(); ++i) {
      if (!survey.pairs[i].private_key && keys_visible && survey.decoded[i]->certificate) return false;
    }
    for (std::size_t key = 0; key < survey.private_keys.size(); ++key) {
      if (survey.CertificatesOf(key).empty()) return false;
    }
    return true;
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
    const DecodedCertificate& decoded = *survey_.decoded[i];
    if (decoded.error) throw Error(*decoded.error);
    const Certificate& certificate = *decoded.certificate;
    const CertificateKey& pair = survey_.pairs[i];
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
    const CertificateChain chain = ChainOf(certificate);
    listing_.identities.push_back(Identity::Make(chain, std::move(key), Identity::Source::kPkcs11, uri));
    if (chain.cut()) listing_.problems.push_back({uri, ChainTooLong(chain).WithUri(uri)});
  }

  [[noreturn]] void ThrowUnpaired(const Certificate& certificate, bool mismatch) const {
    if (mismatch) {
      throw Error({.code = ErrorCode::kKeyCertificateMismatch,
                   .detail = fmt::format(
                       "the key with the CKA_ID of the certificate of {} does not match the certificate",
                       certificate.subject()),
                   .token = token_->label(),
                   .hint = "Use the certificate that was issued for this key."});
    }
    throw Error(
        {.code = ErrorCode::kCertificateOnly,
         .detail = fmt::format("the certificate of {} has no private key on the token, neither by CKA_ID nor "
                               "by public key nor by label",
                               certificate.subject()),
         .token = token_->label(),
         .hint = "Import its private key with the same CKA_ID."});
  }

  // MayHaveKey tells of a CA whether this token holds its key: its public key is there.
  bool MayHaveKey(std::size_t certificate) {
    if (keys_visible_) return false;
    if (public_facts_.empty()) {
      for (const ObjectFacts& key : survey_.facts.public_keys) {
        public_facts_.insert(ById(key));
        public_facts_.insert(key.material);
      }
    }
    const ObjectFacts& facts = survey_.facts.certificates[certificate];
    return public_facts_.contains(facts.material) ||
           (!facts.id.empty() && public_facts_.contains(ById(facts)));
  }
  static std::string ById(const ObjectFacts& facts) { return "ID:" + TextOf(facts.id); }

  void ListLoneKeys(const std::set<const StoredObject*>& named) {
    std::set<std::string> told;  // by a certificate with the same ID
    for (const StoredObject* certificate : survey_.certificates) told.insert(TextOf(certificate->id()));
    for (std::size_t i = 0; i < survey_.private_keys.size(); ++i) {
      const StoredObject& key = *survey_.private_keys[i];
      if (!survey_.CertificatesOf(i).empty() || !named.contains(&key)) continue;
      if (!key.id().empty() && told.contains(TextOf(key.id()))) continue;
      const std::string uri = ObjectUri(token_->info(), key.id(), key.label(), false, token_->name().slot);
      Guarded(uri, [&] {
        throw Error(
            {.code = ErrorCode::kKeyOnly,
             .detail = fmt::format("the private key {} has no certificate on the token, neither by CKA_ID "
                                   "nor by public key nor by label",
                                   key.label()),
             .token = token_->label(),
             .hint = "Import its certificate with the same CKA_ID."});
      });
    }
  }

  CertificateChain ChainOf(const Certificate& leaf) {
    return CertificateChain(leaf, reader_.Issuers(leaf, chain_file_));
  }

  std::shared_ptr<const Credentials> CredentialsFor(const std::string& uri) const {
    auto own = std::make_shared<Credentials>(*credentials_);
    own->uri = uri;
    return own;
  }

  TokenReader& reader_;
  const std::shared_ptr<Token> token_;
  const std::shared_ptr<const Credentials> credentials_;
  const std::vector<Certificate>& chain_file_;
  const Survey survey_;
  const bool keys_visible_;  // before the survey and after it: a logout may have come between
  std::map<std::string, int> shared_ids_;
  std::set<std::string> public_facts_;
  Listing listing_;
};

}  // namespace

Listing ListFrom(const std::shared_ptr<Token>& token, const std::shared_ptr<const Credentials>& credentials,
                 const Pkcs11Uri& uri, const std::vector<Certificate>& chain_file) {
  const bool log_in = !credentials->pin.empty() && credentials->behavior != Settings::LoginBehavior::kNever;
  const Access access{.credentials = log_in ? credentials.get() : nullptr, .login_first = log_in};
  return token->Use(access, [&](Token::Lease& lease) {
    const auto mechanisms = token->Mechanisms(lease);
    TokenReader reader(lease, uri);
    Listing listing = Lister(reader, token, credentials, lease.ShowsPrivate(), chain_file).List();
    // The login may have been undone during the search.
    lease.RequireLogin();
    return listing;
  });
}

}  // namespace signet::inline pkcs11

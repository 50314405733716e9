#include "pkcs12/pairing.h"

#include "base/openssl_error.h"
#include "pkcs12/key_algorithms.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace signet::inline pkcs12 {
namespace {

bool SamePlace(const BagAttributes& a, const BagAttributes& b) {
  return a.local_key_id && b.local_key_id && *a.local_key_id == *b.local_key_id;
}

// NamesAttributes: the two bags of one identity may be named differently; either name will do.
bool NamesAttributes(const Pkcs12Uri& uri, const BagAttributes& key, const BagAttributes& certificate) {
  const auto named = [&](const auto& wanted, auto member) {
    return !wanted || wanted == key.*member || wanted == certificate.*member;
  };
  return named(uri.friendly_name, &BagAttributes::friendly_name) &&
         named(uri.local_key_id, &BagAttributes::local_key_id);
}

void TakeLeafAttributes(Pair& pair, const BagAttributes& leaf) {
  pair.leaf_attributes = leaf;
  if (!pair.attributes.friendly_name) pair.attributes.friendly_name = leaf.friendly_name;
  if (!pair.attributes.local_key_id) pair.attributes.local_key_id = leaf.local_key_id;
}

// Sha256 of the certificate, in hex; empty if it is invalid.
std::string Sha256(const CertificateBag& bag) {
  try {
    return Certificate::FromDer(bag.der.bytes).sha256();
  } catch (const Error&) {
    return {};
  }
}

// Certifies tells whether the certificate is for the key, however the two write the public key down.
bool Certifies(const Certificate& certificate, const FileKey& key) {
  const OpenSslErrorMark mark;
  return key.IsPairOf(X509_get0_pubkey(certificate.native()));
}

// BoundToPss gives the key as RSASSA-PSS where the certificate binds the same modulus to it; null otherwise.
std::shared_ptr<FileKey> BoundToPss(const Certificate& certificate, const FileKey& key) {
  const OpenSslErrorMark mark;
  const EVP_PKEY* certified = X509_get0_pubkey(certificate.native());
  if (key.type() != KeyType::kRsa || certified == nullptr || EVP_PKEY_is_a(certified, "RSA-PSS") != 1)
    return nullptr;
  try {
    std::shared_ptr<FileKey> bound = key.AsRsaPss(certificate.subject_public_key_info());
    return Certifies(certificate, *bound) ? bound : nullptr;
  } catch (const Error&) {
    return nullptr;  // Parameters that OpenSSL does not take.
  }
}

const StoredCertificate* FindLeaf(const StoredKey& key, const std::vector<StoredCertificate>& certificates) {
  const StoredCertificate* found = nullptr;
  for (const StoredCertificate& candidate : certificates) {
    const bool same_place = SamePlace(candidate.attributes, key.attributes);
    if ((found != nullptr && !same_place) || !Certifies(candidate.certificate, *key.key)) continue;
    if (same_place) return &candidate;
    found = &candidate;
  }
  return found;
}

Pair PairOne(const StoredKey& stored, const std::vector<StoredCertificate>& certificates,
             const std::vector<Certificate>& pool) {
  Pair pair{
      .key = stored.key, .attributes = stored.attributes, .chain = std::nullopt, .problem = std::nullopt};
  const StoredCertificate* leaf = FindLeaf(stored, certificates);
  for (const StoredCertificate& candidate : certificates) {
    if (leaf != nullptr) break;
    if (auto bound = BoundToPss(candidate.certificate, *stored.key)) {
      pair.key = std::move(bound);
      leaf = &candidate;
    }
  }
  if (leaf != nullptr) TakeLeafAttributes(pair, leaf->attributes);
  pair.key->UseLabel(pair.attributes.friendly_name.value_or(std::string()));
  if (leaf == nullptr) return pair;
  pair.key->UsePublicKeyInfo(leaf->certificate.subject_public_key_info());
  pair.chain.emplace(leaf->certificate, pool);
  return pair;
}

Error Mismatch(const FileKey& key, const Certificate& certificate) {
  return Error({.code = ErrorCode::kKeyCertificateMismatch,
                .detail = fmt::format("the private key ({}) does not belong to the certificate of {}",
                                      Description(key), certificate.subject()),
                .hint = "Export the certificate that was issued for this key."});
}

// CannotSign is the problem of a key that only agrees on keys, or nothing.
std::optional<Error> CannotSign(const FileKey& key) {
  if (!key.schemes().empty() || key.can_sign()) return std::nullopt;
  return Error({.code = ErrorCode::kNoSigningKey,
                .detail = fmt::format("the file's key ({}) cannot sign", Description(key)),
                .hint = "Use a key that can sign: RSA, EC, Ed25519 or Ed448."});
}

// BoundToEncryption is the problem of a key whose certificate binds the same public key to an algorithm that
// never signs, such as RSAES-OAEP; nothing if no certificate does.
std::optional<Error> BoundToEncryption(const FileKey& key,
                                       const std::vector<StoredCertificate>& certificates) {
  for (const StoredCertificate& stored : certificates) try {
      const auto certified = PublicKeyInfo::Read(stored.certificate.subject_public_key_info());
      const std::string_view algorithm = NeverSigns(certified.algorithm);
      if (algorithm.empty()) continue;
      if (!std::ranges::equal(PublicKeyInfo::Read(key.subject_public_key_info()).key, certified.key))
        continue;
      return Error({.code = ErrorCode::kNoSigningKey,
                    .detail = fmt::format("the certificate of {} is for {} ({}), which cannot sign",
                                          stored.certificate.subject(), algorithm, certified.algorithm),
                    .hint = "Have a certificate for signatures issued for the key."});
    } catch (const Error&) {  // A key that cannot be written or read belongs to no certificate.
    }
  return std::nullopt;
}

// Repeats tells whether `pair` is one of `pairs` again: the same key with the same certificate.
bool Repeats(const Pair& pair, const std::vector<Pair>& pairs) {
  return std::ranges::any_of(pairs, [&](const Pair& other) {
    return other.key->IsPairOf(*pair.key) &&
           (!pair.chain || (other.chain && other.chain->leaf() == pair.chain->leaf()));
  });
}

// WhyAlone explains why a key has no certificate: there is another key's certificate, or none.
Error WhyAlone(const Pair& pair, const std::vector<StoredCertificate>& certificates,
               const std::set<std::string>& claimed) {
  for (const StoredCertificate& candidate : certificates) {
    if (SamePlace(candidate.attributes, pair.attributes)) return Mismatch(*pair.key, candidate.certificate);
  }
  for (const StoredCertificate& candidate : certificates) {
    if (!claimed.contains(candidate.certificate.sha256())) return Mismatch(*pair.key, candidate.certificate);
  }
  return Error({.code = ErrorCode::kKeyOnly,
                .detail = fmt::format("the file contains a private key ({}) without its certificate",
                                      Description(*pair.key)),
                .hint = "Export the certificate together with the key."});
}

}  // namespace

std::vector<Pair> PairUp(const Contents& contents, const std::vector<Certificate>& extra) {
  std::vector<Certificate> pool;
  for (const StoredCertificate& stored : contents.certificates) pool.push_back(stored.certificate);
  pool.insert(pool.end(), extra.begin(), extra.end());

  std::vector<Pair> pairs;
  std::set<std::string> claimed;
  for (const StoredKey& key : contents.keys) {
    Pair pair = PairOne(key, contents.certificates, pool);
    if (Repeats(pair, pairs)) continue;
    if (pair.chain) {
      for (const Certificate& certificate : pair.chain->certificates()) claimed.insert(certificate.sha256());
    }
    pair.problem = CannotSign(*pair.key);
    pairs.push_back(std::move(pair));
  }
  for (Pair& pair : pairs) {
    if (pair.chain || pair.problem) continue;
    pair.problem = BoundToEncryption(*pair.key, contents.certificates);
    if (!pair.problem) pair.problem = WhyAlone(pair, contents.certificates, claimed);
  }
  return pairs;
}

std::vector<Pair> Locked(const Contents& contents) {
  std::vector<Pair> locked;
  for (const BagAttributes& attributes : contents.locked) {
    Pair pair{.key = nullptr, .attributes = attributes, .chain = std::nullopt, .problem = std::nullopt};
    const auto leaf = std::ranges::find_if(contents.certificates, [&](const StoredCertificate& stored) {
      return SamePlace(stored.attributes, attributes);
    });
    if (leaf != contents.certificates.end()) TakeLeafAttributes(pair, leaf->attributes);
    locked.push_back(std::move(pair));
  }
  return locked;
}

std::vector<bool> KeysNamedBy(const Pkcs12Uri& uri, const Bags& bags) {
  const auto is_named = [&](const CertificateBag& bag) { return !uri.sha256 || *uri.sha256 == Sha256(bag); };
  const auto shares = [&](const KeyBag& key, const CertificateBag& certificate) {
    return SamePlace(key.attributes, certificate.attributes);
  };
  const bool stray = std::ranges::any_of(bags.certificates, [&](const CertificateBag& certificate) {
    return NamesAttributes(uri, certificate.attributes, {}) && is_named(certificate) &&
           std::ranges::none_of(bags.keys, [&](const KeyBag& key) { return shares(key, certificate); });
  });
  std::vector<bool> named;
  for (const KeyBag& key : bags.keys) {
    bool has_certificate = false;
    bool fits = !uri.sha256 && NamesAttributes(uri, key.attributes, {});
    for (const CertificateBag& certificate : bags.certificates) {
      if (!shares(key, certificate)) continue;
      has_certificate = true;
      fits = fits || (NamesAttributes(uri, key.attributes, certificate.attributes) && is_named(certificate));
    }
    named.push_back(fits || (stray && !has_certificate));
  }
  return named;
}

bool Matches(const Pkcs12Uri& uri, const Pair& pair) {
  return NamesAttributes(uri, pair.attributes, pair.leaf_attributes) &&
         (!uri.sha256 || (pair.chain && *uri.sha256 == pair.chain->leaf().sha256()));
}

std::string UriFor(const std::string& path, const Pair& pair, const std::vector<Pair>& all) {
  const BagAttributes& has = pair.attributes;
  const auto write = [&](bool id, bool name, bool sha256) -> std::optional<std::string> {
    if ((id && !has.local_key_id) || (name && !has.friendly_name) || (sha256 && !pair.chain))
      return std::nullopt;
    Pkcs12Uri uri;
    uri.path = path;
    if (id) uri.local_key_id = has.local_key_id;
    if (name) uri.friendly_name = has.friendly_name;
    if (sha256) uri.sha256 = pair.chain->leaf().sha256();
    const auto named = std::ranges::count_if(all, [&](const Pair& other) { return Matches(uri, other); });
    return named == 1 ? std::optional(uri.ToString()) : std::nullopt;
  };
  for (const auto& [id, name] : {std::pair{false, false}, {true, false}, {false, true}, {true, true}}) {
    if (const auto uri = write(id, name, false)) return *uri;
  }
  return write(false, false, true).value_or(Pkcs12Uri{.path = path}.ToString());
}

}  // namespace signet::inline pkcs12

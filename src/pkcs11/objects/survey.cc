#include "pkcs11/objects/survey.h"

#include "pkcs11/objects/key_shape.h"
#include "pkcs11/objects/public_part.h"

#include <algorithm>

namespace signet {
namespace {

ObjectFacts FactsOf(const StoredObject& object, const std::optional<PublicKey>& key) {
  return {.id = object.id(), .label = object.label(), .material = key ? MaterialOf(*key) : std::string()};
}

}  // namespace

Survey::Survey(TokenReader& reader, const Token& token, bool with_certificates)
    : private_keys(reader.read(CKO_PRIVATE_KEY)),
      public_keys(reader.read(CKO_PUBLIC_KEY)),
      certificates(with_certificates ? reader.read(CKO_CERTIFICATE) : TokenReader::Objects()) {
  for (const StoredObject* object : private_keys)
    facts.private_keys.push_back(FactsOf(*object, PublicPartOf(*object)));
  for (const StoredObject* object : public_keys)
    facts.public_keys.push_back(FactsOf(*object, PublicPartOf(*object)));
  for (const StoredObject* object : certificates) {
    std::optional<PublicKey> key;
    decoded.emplace_back();
    unreadable.emplace_back();
    try {
      decoded.back() = CertificateOf(*object, token);
      key = PublicKey::FromSpki(decoded.back()->subject_public_key_info());
    } catch (const Error& error) {
      unreadable.back() = error;
    }
    facts.certificates.push_back(FactsOf(*object, key));
  }
  CompletePrivateKeys(facts);
  pairs = PairCertificates(facts);
  // A certificate that cannot be read pairs with nothing.
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    if (unreadable[i]) pairs[i] = {};
  }
}

std::optional<PublicKey> Survey::PublicPartFor(std::size_t private_key) const {
  std::optional<PublicKey> own = PublicPartOf(*private_keys[private_key]);
  const std::string& material = facts.private_keys[private_key].material;
  for (std::size_t i = 0; !own && !material.empty() && i < public_keys.size(); ++i) {
    if (facts.public_keys[i].material == material) own = PublicPartOf(*public_keys[i]);
  }
  if (own && own->type() != KeyType::kRsa) return own;
  bool certified_as_rsa = false;
  for (std::size_t i = 0; i < certificates.size(); ++i) {
    if (pairs[i].private_key != private_key) continue;
    PublicKey certified = PublicKey::FromSpki(decoded[i]->subject_public_key_info());
    if (!own || certified.type() == KeyType::kRsaPss) return certified;
    certified_as_rsa = true;
  }
  if (own && !certified_as_rsa && AllowsPssAlone(*private_keys[private_key])) return RsaPssOf(*own);
  return own;
}

}  // namespace signet

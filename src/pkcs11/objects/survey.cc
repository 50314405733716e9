#include "pkcs11/objects/survey.h"

#include "pkcs11/objects/key_parts.h"
#include "pkcs11/objects/key_shape.h"
#include "pkcs11/objects/public_part.h"
#include <signet/error.h>

#include <algorithm>
#include <unordered_set>

namespace signet::inline pkcs11 {

Survey::Survey(TokenReader& reader, bool with_certificates)
    : private_keys(reader.read(CKO_PRIVATE_KEY)),
      public_keys(reader.read(CKO_PUBLIC_KEY)),
      certificates(with_certificates ? reader.read(CKO_CERTIFICATE) : TokenReader::Objects()) {
  for (const StoredObject* object : private_keys) facts.private_keys.push_back(FactsOf(*object));
  for (const StoredObject* object : public_keys) facts.public_keys.push_back(FactsOf(*object));
  for (const StoredObject* object : certificates) {
    decoded.push_back(&reader.Decoded(*object));
    facts.certificates.push_back(
        decoded.back()->certificate
            ? FactsOf(object->id(), object->label(), decoded.back()->certificate->subject_public_key_info())
            : ObjectFacts());
  }
  DropNumbersThatMakeNoKey();
  CompletePrivateKeys(facts);
  pairs = PairCertificates(facts);
  certificates_of_.resize(private_keys.size());
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    if (pairs[i].private_key) certificates_of_[*pairs[i].private_key].push_back(i);
  }
  for (std::size_t i = 0; i < public_keys.size(); ++i)
    public_by_material_.try_emplace(facts.public_keys[i].material, i);
}

// A damaged point says of no certificate that it belongs to another key. Numbers that a certificate confirms
// need no check.
void Survey::DropNumbersThatMakeNoKey() {
  std::unordered_set<std::string> certified;
  for (const ObjectFacts& one : facts.certificates) certified.insert(one.material);
  const auto drop = [&](const TokenReader::Objects& objects, std::vector<ObjectFacts>& keys) {
    for (std::size_t i = 0; i < objects.size(); ++i) {
      std::string& material = keys[i].material;
      if (material.empty() || certified.contains(material)) continue;
      // Of an RSA key a private key object may reveal the modulus alone.
      if (keys[i].kind != kRsaKind && !PublicPartOf(*objects[i])) material.clear();
    }
  };
  drop(private_keys, facts.private_keys);
  drop(public_keys, facts.public_keys);
}

std::optional<PublicKey> Survey::PublicPartFor(std::size_t private_key) const {
  const StoredObject& object = *private_keys[private_key];
  std::optional<PublicKey> own = PublicPartOf(object);
  if (!own) {
    const auto beside = public_by_material_.find(facts.private_keys[private_key].material);
    if (beside != public_by_material_.end()) own = PublicPartOf(*public_keys[beside->second]);
  }
  if (own && own->type() != KeyType::kRsa) return own;
  bool certified_as_rsa = false;
  for (const std::size_t i : CertificatesOf(private_key)) {
    PublicKey certified = FromCertified(decoded[i]->certificate->subject_public_key_info());
    if (!own || certified.type() == KeyType::kRsaPss) return certified;
    certified_as_rsa = true;
  }
  if (own && !certified_as_rsa && AllowsPssAlone(object)) return RsaPssOf(*own);
  return own;
}

}  // namespace signet::inline pkcs11

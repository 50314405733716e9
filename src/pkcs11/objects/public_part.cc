#include "pkcs11/objects/public_part.h"

#include "pkcs11/objects/key_parts.h"
#include <signet/error.h>

namespace signet::inline pkcs11 {
namespace {

std::optional<PublicKey> FromSpki(const Bytes& spki) {
  if (spki.empty()) return std::nullopt;
  try {
    return PublicKey::FromSpki(spki);
  } catch (const Error&) {
    return std::nullopt;
  }
}

// Info is CKA_PUBLIC_KEY_INFO: a copy that older modules lack and that a module may have got wrong.
struct Info {
  const Bytes& spki;
  std::optional<KeyParts> parts;

  explicit Info(const StoredObject& key)
      : spki(key.attributes.BytesOf(CKA_PUBLIC_KEY_INFO)), parts(PartsOfSpki(spki)) {}
  bool Is(const KeyParts& numbers) const {
    return parts && parts->kind == numbers.kind && parts->value == numbers.value &&
           (numbers.exponent.empty() || parts->exponent == numbers.exponent);
  }
  bool Fits(const StoredObject& key) const {
    const std::string kind = KindOf(key);
    return !parts || kind.empty() || kind == parts->kind;
  }
};

std::string Material(const KeyParts& parts) {
  return parts.kind + ':' + std::string(parts.value.begin(), parts.value.end());
}

// SameParts compares what an object reveals; of an RSA key without exponent nothing is certain but that
// another modulus is another key.
std::optional<bool> SameParts(const KeyParts& revealed, const KeyParts& wanted) {
  if (revealed.kind != wanted.kind || revealed.value != wanted.value) return false;
  if (revealed.kind == kRsaKind && revealed.exponent.empty()) return std::nullopt;
  return revealed.exponent == wanted.exponent;
}

// Revealed gives the parts that the object reveals, the key's own numbers first.
std::optional<KeyParts> Revealed(const StoredObject& key) {
  std::optional<KeyParts> numbers = PartsOfNumbers(key);
  if (numbers && !(numbers->kind == kRsaKind && numbers->exponent.empty())) return numbers;
  Info info(key);
  if (!info.parts || (numbers ? !info.Is(*numbers) : !info.Fits(key))) return numbers;
  return std::move(info.parts);
}

}  // namespace

std::optional<PublicKey> PublicPartOf(const StoredObject& key) {
  const Info info(key);
  const std::optional<KeyParts> parts = Revealed(key);
  // Only CKA_PUBLIC_KEY_INFO can say that an RSA key is for PSS, and only it has the kinds of key that have
  // no parts here.
  const bool rsa = parts && parts->kind == kRsaKind;
  if (rsa ? info.Is(*parts) : !parts && info.Fits(key)) {
    if (auto marked = FromSpki(info.spki)) return marked;
  }
  return parts ? FromSpki(SpkiOfParts(*parts)) : std::nullopt;
}

PublicKey FromCertified(std::span<const std::uint8_t> spki) {
  const auto parts = PartsOfSpki(spki);
  const Bytes named = parts && parts->kind != kRsaKind ? SpkiOfParts(*parts) : Bytes();
  return PublicKey::FromSpki(named.empty() ? spki : named);
}

std::string KindOf(const PublicKey& key) {
  const bool rsa = key.type() == KeyType::kRsa || key.type() == KeyType::kRsaPss;
  if (rsa) return std::string(kRsaKind);
  return key.type() == KeyType::kEc ? key.curve() : key.algorithm();
}

std::string MaterialOf(std::span<const std::uint8_t> spki) {
  const auto parts = PartsOfSpki(spki);
  return parts ? Material(*parts) : "SPKI:" + std::string(spki.begin(), spki.end());
}

std::string MaterialOf(const StoredObject& key) {
  if (const auto parts = Revealed(key)) return Material(*parts);
  const auto other = PublicPartOf(key);
  return other ? MaterialOf(other->spki()) : std::string();
}

std::optional<bool> SameKey(const StoredObject& object, const PublicKey& key) {
  const auto revealed = Revealed(object);
  const auto wanted = PartsOfSpki(key.spki());
  const std::string wanted_kind = wanted ? wanted->kind : KindOf(key);
  const std::string kind = revealed ? revealed->kind : KindOf(object);
  if (!kind.empty() && !wanted_kind.empty() && kind != wanted_kind) return false;
  if (!key.known()) return std::nullopt;
  if (revealed && wanted) {
    const auto same = SameParts(*revealed, *wanted);
    // Numbers that make no key, a point beside its curve say, tell nothing.
    const Bytes spki = same == false ? SpkiOfParts(*revealed) : Bytes();
    return spki.empty() || FromSpki(spki) ? same : std::nullopt;
  }
  const auto own = PublicPartOf(object);
  return own ? std::optional(MaterialOf(own->spki()) == MaterialOf(key.spki())) : std::nullopt;
}

}  // namespace signet::inline pkcs11

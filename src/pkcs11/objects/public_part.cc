#include "pkcs11/objects/public_part.h"

#include "base/openssl_error.h"
#include "pkcs11/objects/der.h"
#include <signet/error.h>

#include <algorithm>
#include <array>

#include <openssl/core_names.h>

namespace signet {
namespace {

constexpr std::uint8_t kSequence = 0x30;
constexpr std::uint8_t kBitString = 0x03;
constexpr std::uint8_t kOctetString = 0x04;

constexpr std::array<std::uint8_t, 13> kRsaAlgorithm = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7,
                                                        0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};
constexpr std::array<std::uint8_t, 9> kEcAlgorithm = {0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};

// An Edwards key's algorithm follows from the length of its point (RFC 8410); tokens name the curve in
// several ways.
struct EdwardsRow {
  std::size_t point;
  std::array<std::uint8_t, 5> algorithm;
};
constexpr EdwardsRow kEdwards[] = {
    {32, {0x06, 0x03, 0x2b, 0x65, 0x70}},
    {57, {0x06, 0x03, 0x2b, 0x65, 0x71}},
};

Bytes Joined(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) {
  Bytes both(a.begin(), a.end());
  both.insert(both.end(), b.begin(), b.end());
  return both;
}

Bytes Spki(std::span<const std::uint8_t> algorithm, std::span<const std::uint8_t> key) {
  constexpr std::array<std::uint8_t, 1> kNoUnusedBits = {0};
  return DerWrap(kSequence,
                 Joined(DerWrap(kSequence, algorithm), DerWrap(kBitString, Joined(kNoUnusedBits, key))));
}

Bytes RsaSpki(const StoredObject& key) {
  const Bytes& modulus = key.attributes.BytesOf(CKA_MODULUS);
  const Bytes& exponent = key.attributes.BytesOf(CKA_PUBLIC_EXPONENT);
  if (modulus.empty() || exponent.empty()) return {};
  return Spki(kRsaAlgorithm, DerWrap(kSequence, Joined(DerInteger(modulus), DerInteger(exponent))));
}

// PointOf takes the point out of the OCTET STRING that PKCS#11 wants around it and some tokens leave out.
std::span<const std::uint8_t> PointOf(const StoredObject& key) {
  const Bytes& value = key.attributes.BytesOf(CKA_EC_POINT);
  const auto inner = DerContent(kOctetString, value);
  if (!inner.empty()) return inner;
  const auto bits = DerContent(kBitString, value);
  return !bits.empty() && bits.front() == 0 ? bits.subspan(1) : std::span<const std::uint8_t>(value);
}

Bytes EcSpki(const StoredObject& key) {
  const Bytes& curve = key.attributes.BytesOf(CKA_EC_PARAMS);
  const auto point = PointOf(key);
  if (curve.empty() || point.empty()) return {};
  return Spki(Joined(kEcAlgorithm, curve), point);
}

Bytes EdwardsSpki(const StoredObject& key) {
  const auto point = PointOf(key);
  const auto* row = std::ranges::find(kEdwards, point.size(), &EdwardsRow::point);
  return row != std::end(kEdwards) ? Spki(row->algorithm, point) : Bytes();
}

Bytes SpkiOf(const StoredObject& key) {
  const Bytes& given = key.attributes.BytesOf(CKA_PUBLIC_KEY_INFO);
  if (!given.empty()) return given;
  switch (key.attributes.NumberOf(CKA_KEY_TYPE).value_or(CK_UNAVAILABLE_INFORMATION)) {
    case CKK_RSA:
      return RsaSpki(key);
    case CKK_EC:
      return EcSpki(key);
    case CKK_EC_EDWARDS:
      return EdwardsSpki(key);
    default:
      return {};
  }
}

OpenSslPtr<BIGNUM> NumberOf(const PublicKey& key, const char* name) {
  BIGNUM* number = nullptr;
  EVP_PKEY_get_bn_param(key.native(), name, &number);
  return OpenSslPtr<BIGNUM>(number);
}

bool IsRsa(const PublicKey& key) { return key.type() == KeyType::kRsa || key.type() == KeyType::kRsaPss; }

}  // namespace

std::optional<PublicKey> PublicPartOf(const StoredObject& key) {
  const Bytes spki = SpkiOf(key);
  if (spki.empty()) return std::nullopt;
  try {
    return PublicKey::FromSpki(spki);
  } catch (const Error&) {
    return std::nullopt;
  }
}

bool SameMaterial(const PublicKey& a, const PublicKey& b) {
  if (a == b) return true;
  if (!IsRsa(a) || !IsRsa(b)) return false;
  const OpenSslErrorMark mark;
  for (const char* name : {OSSL_PKEY_PARAM_RSA_N, OSSL_PKEY_PARAM_RSA_E}) {
    const auto first = NumberOf(a, name);
    const auto second = NumberOf(b, name);
    if (first == nullptr || second == nullptr || BN_cmp(first.get(), second.get()) != 0) return false;
  }
  return true;
}

std::optional<bool> SameKey(const StoredObject& object, const PublicKey& key) {
  const auto revealed = PublicPartOf(object);
  if (!revealed) return std::nullopt;
  if (!key.known() && key.type() == revealed->type() && key.curve() == revealed->curve()) return std::nullopt;
  return SameMaterial(*revealed, key);
}

}  // namespace signet

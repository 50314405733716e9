#include "pkcs11/objects/public_part.h"

#include "base/openssl_error.h"
#include "identity/spki_algorithms.h"
#include "pkcs11/objects/der.h"
#include "pkcs11/objects/key_encoding.h"
#include <signet/error.h>

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/objects.h>

namespace signet {
namespace {

constexpr std::uint8_t kSequence = 0x30;
constexpr std::uint8_t kBitString = 0x03;

// OtherCurveRow is a curve whose keys are bytes and no point (RFC 8410): the OID alone is the algorithm.
struct OtherCurveRow {
  const char* curve;
  CK_KEY_TYPE key_type;
  std::size_t size;
  std::array<std::uint8_t, 5> algorithm;
};
constexpr OtherCurveRow kOtherCurves[] = {
    {"ED25519", CKK_EC_EDWARDS, 32, kEd25519Algorithm},
    {"ED448", CKK_EC_EDWARDS, 57, kEd448Algorithm},
    {"X25519", kCkkEcMontgomery, 32, {0x06, 0x03, 0x2b, 0x65, 0x6e}},
    {"X448", kCkkEcMontgomery, 56, {0x06, 0x03, 0x2b, 0x65, 0x6f}},
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

// OidOfCurve gives the DER OBJECT IDENTIFIER.
Bytes OidOfCurve(const std::string& curve) {
  unsigned char* der = nullptr;
  const int size = i2d_ASN1_OBJECT(OBJ_nid2obj(OBJ_sn2nid(curve.c_str())), &der);
  const OpenSslPtr<unsigned char> owned(der);
  return size > 0 ? Bytes(der, der + size) : Bytes();
}

Bytes EcSpki(const StoredObject& key) {
  const std::string curve = CurveOf(key.attributes.BytesOf(CKA_EC_PARAMS));
  if (curve.empty()) return {};
  const Bytes point = UncompressedPoint(curve, key.attributes.BytesOf(CKA_EC_POINT));
  const Bytes oid = OidOfCurve(curve);
  return point.empty() || oid.empty() ? Bytes() : Spki(Joined(kEcAlgorithm, oid), point);
}

// OtherSpki goes by the curve where it is named, else by the length of the point.
Bytes OtherSpki(const StoredObject& key, CK_KEY_TYPE type) {
  const std::string curve = CurveOf(key.attributes.BytesOf(CKA_EC_PARAMS));
  for (const OtherCurveRow& row : kOtherCurves) {
    if (row.key_type != type || (!curve.empty() && curve != row.curve)) continue;
    const auto point = RawPoint(row.size, key.attributes.BytesOf(CKA_EC_POINT));
    if (!point.empty()) return Spki(row.algorithm, point);
  }
  return {};
}

// The key's own numbers come first: CKA_PUBLIC_KEY_INFO is a copy that a module may have got wrong.
Bytes SpkiOf(const StoredObject& key) {
  Bytes spki;
  const CK_KEY_TYPE type = key.attributes.NumberOf(CKA_KEY_TYPE).value_or(CK_UNAVAILABLE_INFORMATION);
  if (type == CKK_RSA) {
    spki = RsaSpki(key);
  } else if (type == CKK_EC) {
    spki = EcSpki(key);
  } else {
    spki = OtherSpki(key, type);
  }
  return spki.empty() ? key.attributes.BytesOf(CKA_PUBLIC_KEY_INFO) : spki;
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

std::string MaterialOf(const PublicKey& key) {
  const OpenSslErrorMark mark;
  const auto numbers = [&key](std::string material, std::initializer_list<const char*> names) {
    for (const char* name : names) {
      const auto number = NumberOf(key, name);
      std::string bytes(number != nullptr ? static_cast<std::size_t>(BN_num_bytes(number.get())) : 0, '\0');
      if (number != nullptr) BN_bn2bin(number.get(), reinterpret_cast<unsigned char*>(bytes.data()));
      material += fmt::format(" {}:", bytes.size()) + bytes;
    }
    return material;
  };
  if (IsRsa(key)) return numbers("RSA", {OSSL_PKEY_PARAM_RSA_N, OSSL_PKEY_PARAM_RSA_E});
  if (key.type() == KeyType::kEc && !key.curve().empty())
    return numbers(key.curve(), {OSSL_PKEY_PARAM_EC_PUB_X, OSSL_PKEY_PARAM_EC_PUB_Y});
  return {key.spki().begin(), key.spki().end()};
}

bool SameMaterial(const PublicKey& a, const PublicKey& b) { return MaterialOf(a) == MaterialOf(b); }

std::optional<bool> SameKey(const StoredObject& object, const PublicKey& key) {
  const auto revealed = PublicPartOf(object);
  if (!revealed) return std::nullopt;
  if (!key.known() && key.type() == revealed->type() && key.curve() == revealed->curve()) return std::nullopt;
  return SameMaterial(*revealed, key);
}

}  // namespace signet

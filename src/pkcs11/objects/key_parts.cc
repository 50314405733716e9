#include "pkcs11/objects/key_parts.h"

#include "base/openssl_ptr.h"
#include "identity/der.h"
#include "pkcs11/objects/key_encoding.h"

#include <algorithm>
#include <array>

#include <openssl/objects.h>

namespace signet::inline pkcs11 {
namespace {

using Span = std::span<const std::uint8_t>;

// The content of object identifiers: RFC 8017 appendix A, RFC 5480 section 2.1.1, RFC 8410 section 3.
constexpr std::array<std::uint8_t, 9> kRsaEncryption = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01};
constexpr std::array<std::uint8_t, 9> kRsassaPss = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a};
constexpr std::array<std::uint8_t, 7> kEcPublicKey = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};

// OtherCurveRow is a curve whose keys are bytes and no point (RFC 8410): its identifier alone is the
// algorithm.
struct OtherCurveRow {
  const char* curve;
  CK_KEY_TYPE key_type;
  std::size_t size;
  std::array<std::uint8_t, 3> identifier;
};
constexpr OtherCurveRow kOtherCurves[] = {
    {"ED25519", CKK_EC_EDWARDS, 32, {0x2b, 0x65, 0x70}},
    {"ED448", CKK_EC_EDWARDS, 57, {0x2b, 0x65, 0x71}},
    {"X25519", kCkkEcMontgomery, 32, {0x2b, 0x65, 0x6e}},
    {"X448", kCkkEcMontgomery, 56, {0x2b, 0x65, 0x6f}},
};

const OtherCurveRow* OtherCurve(std::string_view curve) {
  const auto* row =
      std::ranges::find_if(kOtherCurves, [&](const OtherCurveRow& one) { return curve == one.curve; });
  return row != std::end(kOtherCurves) ? row : nullptr;
}

Bytes Copy(Span bytes) { return {bytes.begin(), bytes.end()}; }

Bytes Joined(Span a, Span b) {
  Bytes both = Copy(a);
  both.insert(both.end(), b.begin(), b.end());
  return both;
}

std::optional<KeyParts> Rsa(Span modulus, Span exponent) {
  const Span value = WithoutLeadingZeros(modulus);
  if (value.empty()) return std::nullopt;
  return KeyParts{std::string(kRsaKind), Copy(value), Copy(WithoutLeadingZeros(exponent))};
}

std::optional<KeyParts> Ec(const std::string& curve, Span point) {
  if (curve.empty()) return std::nullopt;
  Bytes value = UncompressedPoint(curve, point);
  if (value.empty()) return std::nullopt;
  return KeyParts{curve, std::move(value), {}};
}

std::optional<KeyParts> RsaPublicKey(Span key) {
  Span rest = DerContent(kSequence, key);
  const auto modulus = DerTake(kInteger, rest);
  const auto exponent = DerTake(kInteger, rest);
  if (!modulus || !exponent || !rest.empty()) return std::nullopt;
  return Rsa(*modulus, *exponent);
}

// OidOfCurve gives the DER OBJECT IDENTIFIER.
Bytes OidOfCurve(const std::string& curve) {
  unsigned char* der = nullptr;
  const int size = i2d_ASN1_OBJECT(OBJ_nid2obj(OBJ_sn2nid(curve.c_str())), &der);
  const OpenSslPtr<unsigned char> owned(der);
  return size > 0 ? Bytes(der, der + size) : Bytes();
}

Bytes Spki(Span algorithm, Span key) {
  constexpr std::array<std::uint8_t, 1> kNoUnusedBits = {0};
  return DerWrap(kSequence,
                 Joined(DerWrap(kSequence, algorithm), DerWrap(kBitString, Joined(kNoUnusedBits, key))));
}

bool IsEcType(CK_KEY_TYPE type) {
  return type == CKK_EC || type == CKK_EC_EDWARDS || type == kCkkEcMontgomery;
}

CK_KEY_TYPE TypeOf(const StoredObject& key) {
  return key.attributes.NumberOf(CKA_KEY_TYPE).value_or(CK_UNAVAILABLE_INFORMATION);
}

}  // namespace

std::optional<KeyParts> PartsOfSpki(Span spki) {
  Span rest = DerContent(kSequence, spki);
  auto algorithm = DerTake(kSequence, rest);
  const auto bits = DerTake(kBitString, rest);
  if (!algorithm || !bits || !rest.empty() || bits->empty() || (*bits)[0] != 0) return std::nullopt;
  const Span key = bits->subspan(1);
  const auto identifier = DerTake(kObjectIdentifier, *algorithm);
  if (!identifier) return std::nullopt;
  if (std::ranges::equal(*identifier, kRsaEncryption) || std::ranges::equal(*identifier, kRsassaPss))
    return RsaPublicKey(key);
  if (std::ranges::equal(*identifier, kEcPublicKey)) return Ec(CurveOf(*algorithm), key);
  for (const OtherCurveRow& row : kOtherCurves) {
    if (std::ranges::equal(*identifier, row.identifier)) {
      return key.size() == row.size ? std::optional(KeyParts{row.curve, Copy(key), {}}) : std::nullopt;
    }
  }
  return std::nullopt;
}

// The curve decides and not the type: some modules say CKK_EC of every curve.
std::optional<KeyParts> PartsOfNumbers(const StoredObject& key) {
  const CK_KEY_TYPE type = TypeOf(key);
  if (type == CKK_RSA)
    return Rsa(key.attributes.BytesOf(CKA_MODULUS), key.attributes.BytesOf(CKA_PUBLIC_EXPONENT));
  if (!IsEcType(type)) return std::nullopt;
  const Bytes& value = key.attributes.BytesOf(CKA_EC_POINT);
  const std::string curve = CurveOf(key.attributes.BytesOf(CKA_EC_PARAMS));
  if (type == CKK_EC && OtherCurve(curve) == nullptr) return Ec(curve, value);
  for (const OtherCurveRow& row : kOtherCurves) {
    // Where no curve is named, the length of the point tells it.
    if (curve.empty() ? row.key_type != type : curve != row.curve) continue;
    const Span point = RawPoint(row.size, value);
    if (!point.empty()) return KeyParts{row.curve, Copy(point), {}};
  }
  return std::nullopt;
}

std::string KindOf(const StoredObject& key) {
  const CK_KEY_TYPE type = TypeOf(key);
  if (type == CKK_RSA) return std::string(kRsaKind);
  return IsEcType(type) ? CurveOf(key.attributes.BytesOf(CKA_EC_PARAMS)) : std::string();
}

Bytes SpkiOfParts(const KeyParts& parts) {
  constexpr std::array<std::uint8_t, 2> kNull = {0x05, 0x00};
  if (parts.kind == kRsaKind) {
    if (parts.exponent.empty()) return {};
    return Spki(Joined(DerWrap(kObjectIdentifier, kRsaEncryption), kNull),
                DerWrap(kSequence, Joined(DerInteger(parts.value), DerInteger(parts.exponent))));
  }
  if (const OtherCurveRow* row = OtherCurve(parts.kind))
    return Spki(DerWrap(kObjectIdentifier, row->identifier), parts.value);
  const Bytes curve = OidOfCurve(parts.kind);
  return curve.empty() ? Bytes() : Spki(Joined(DerWrap(kObjectIdentifier, kEcPublicKey), curve), parts.value);
}

}  // namespace signet::inline pkcs11

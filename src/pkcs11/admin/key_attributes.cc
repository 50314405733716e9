#include "pkcs11/admin/key_attributes.h"

#include "base/openssl_error.h"
#include "identity/public_key.h"
#include <signet/error.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/objects.h>

namespace signet::inline pkcs11 {
namespace {

using ByteVector = std::vector<std::uint8_t>;

[[noreturn]] void ThrowBadSpec(std::string_view text) {
  throw Error({.code = ErrorCode::kBadArgument,
               .detail = fmt::format("\"{}\" is not a supported key type", text),
               .hint = "Use rsa:2048, ec:P-256 (or P-384, P-521, another named curve), ed25519 or ed448."});
}

[[noreturn]] void ThrowUnsupportedKey(EVP_PKEY* key) {
  const char* name = EVP_PKEY_get0_type_name(key);
  throw Error(
      {.code = ErrorCode::kUnsupported,
       .detail = fmt::format("a {} key cannot be imported to a token", name != nullptr ? name : "nameless"),
       .hint = "Use an RSA, EC, Ed25519 or Ed448 key."});
}

// PartOf gives one number of a key, big-endian, padded on the left to `size` bytes.
ByteVector PartOf(EVP_PKEY* key, const char* name, std::size_t size = 0) {
  BIGNUM* number = nullptr;
  CheckOpenSsl(EVP_PKEY_get_bn_param(key, name, &number), "EVP_PKEY_get_bn_param");
  const OpenSslPtr<BIGNUM> owned(number);
  ByteVector bytes(std::max<std::size_t>(size, static_cast<std::size_t>(BN_num_bytes(number))));
  CheckOpenSsl(BN_bn2binpad(number, bytes.data(), static_cast<int>(bytes.size())), "BN_bn2binpad");
  return bytes;
}

ByteVector OctetString(std::span<const std::uint8_t> content) {
  const OpenSslPtr<ASN1_OCTET_STRING> string(CheckOpenSsl(ASN1_OCTET_STRING_new(), "ASN1_OCTET_STRING_new"));
  CheckOpenSsl(ASN1_OCTET_STRING_set(string.get(), content.data(), static_cast<int>(content.size())),
               "ASN1_OCTET_STRING_set");
  unsigned char* der = nullptr;
  const int size = i2d_ASN1_OCTET_STRING(string.get(), &der);
  CheckOpenSsl(size, "i2d_ASN1_OCTET_STRING");
  const OpenSslPtr<unsigned char> owned(der);
  return {der, der + size};
}

ByteVector ObjectIdentifier(int nid) {
  unsigned char* der = nullptr;
  const int size = i2d_ASN1_OBJECT(OBJ_nid2obj(nid), &der);
  CheckOpenSsl(size, "i2d_ASN1_OBJECT");
  const OpenSslPtr<unsigned char> owned(der);
  return {der, der + size};
}

KeySpec SpecOf(EVP_PKEY* key) {
  const PublicKey public_key = PublicKey::FromNative(key);
  return {.type = public_key.type(), .curve = public_key.curve()};
}

// EcPoint is CKA_EC_POINT: the uncompressed point, in an OCTET STRING
// (PKCS#11 3.0 section 2.3.3).
ByteVector EcPoint(EVP_PKEY* key) {
  const std::size_t size = PartOf(key, OSSL_PKEY_PARAM_EC_P).size();
  ByteVector point{POINT_CONVERSION_UNCOMPRESSED};
  std::ranges::copy(PartOf(key, OSSL_PKEY_PARAM_EC_PUB_X, size), std::back_inserter(point));
  std::ranges::copy(PartOf(key, OSSL_PKEY_PARAM_EC_PUB_Y, size), std::back_inserter(point));
  return OctetString(point);
}

ByteVector RawKey(EVP_PKEY* key, int (*get)(const EVP_PKEY*, unsigned char*, std::size_t*)) {
  std::size_t size = 0;
  CheckOpenSsl(get(key, nullptr, &size), "EVP_PKEY_get_raw_key");
  ByteVector bytes(size);
  CheckOpenSsl(get(key, bytes.data(), &size), "EVP_PKEY_get_raw_key");
  return bytes;
}

struct RsaPart {
  CK_ATTRIBUTE_TYPE type;
  const char* name;
};
constexpr RsaPart kRsaPrivateParts[] = {
    {CKA_MODULUS, OSSL_PKEY_PARAM_RSA_N},
    {CKA_PUBLIC_EXPONENT, OSSL_PKEY_PARAM_RSA_E},
    {CKA_PRIVATE_EXPONENT, OSSL_PKEY_PARAM_RSA_D},
    {CKA_PRIME_1, OSSL_PKEY_PARAM_RSA_FACTOR1},
    {CKA_PRIME_2, OSSL_PKEY_PARAM_RSA_FACTOR2},
    {CKA_EXPONENT_1, OSSL_PKEY_PARAM_RSA_EXPONENT1},
    {CKA_EXPONENT_2, OSSL_PKEY_PARAM_RSA_EXPONENT2},
    {CKA_COEFFICIENT, OSSL_PKEY_PARAM_RSA_COEFFICIENT1},
};

enum class Family { kRsa, kEc, kEdwards };

Family FamilyOf(const KeySpec& spec, EVP_PKEY* key) {
  switch (spec.type) {
    case KeyType::kRsa:
    case KeyType::kRsaPss:  // PKCS#11 has no key type of its own for it
      return Family::kRsa;
    case KeyType::kEc:
      return Family::kEc;
    case KeyType::kEd25519:
    case KeyType::kEd448:
      return Family::kEdwards;
    default:
      ThrowUnsupportedKey(key);
  }
}

void AddKeyType(Family family, Template& to) {
  static constexpr CK_KEY_TYPE kTypes[] = {CKK_RSA, CKK_EC, CKK_EC_EDWARDS};
  to.Number(CKA_KEY_TYPE, kTypes[static_cast<std::size_t>(family)]);
}

}  // namespace

Template::~Template() {
  for (ByteVector& value : values_) OPENSSL_cleanse(value.data(), value.size());
}

void Template::Bytes(CK_ATTRIBUTE_TYPE type, std::span<const std::uint8_t> value) {
  auto& kept = values_.emplace_back(value.begin(), value.end());
  attributes_.push_back({type, kept.data(), kept.size()});
}

void Template::Number(CK_ATTRIBUTE_TYPE type, CK_ULONG value) {
  Bytes(type, {reinterpret_cast<const std::uint8_t*>(&value), sizeof(value)});
}

void Template::Flag(CK_ATTRIBUTE_TYPE type, bool value) {
  const CK_BBOOL byte = value ? CK_TRUE : CK_FALSE;
  Bytes(type, {&byte, 1});
}

void Template::Text(CK_ATTRIBUTE_TYPE type, std::string_view value) {
  Bytes(type, {reinterpret_cast<const std::uint8_t*>(value.data()), value.size()});
}

void Template::Name(const ObjectName& name) {
  if (!name.id.empty()) Bytes(CKA_ID, name.id);
  if (!name.label.empty()) Text(CKA_LABEL, name.label);
}

KeySpec KeySpec::Parse(std::string_view text) {
  const std::string_view type = text.substr(0, text.find(':'));
  const std::string_view detail =
      type.size() < text.size() ? text.substr(type.size() + 1) : std::string_view();
  if (text == "ed25519") return {.type = KeyType::kEd25519};
  if (text == "ed448") return {.type = KeyType::kEd448};
  if (type == "rsa") {
    KeySpec spec{.type = KeyType::kRsa};
    const auto [end, error] = std::from_chars(detail.data(), detail.data() + detail.size(), spec.bits);
    if (error != std::errc() || end != detail.data() + detail.size() || spec.bits < 1024 ||
        spec.bits > 16384) {
      ThrowBadSpec(text);
    }
    return spec;
  }
  if (type != "ec") ThrowBadSpec(text);
  const std::string name(detail);
  int nid = EC_curve_nist2nid(name.c_str());
  if (nid == NID_undef) nid = OBJ_sn2nid(name.c_str());
  if (nid == NID_undef) ThrowBadSpec(text);
  return {.type = KeyType::kEc, .curve = OBJ_nid2sn(nid)};
}

std::vector<std::uint8_t> EcParams(const KeySpec& spec) {
  if (spec.type == KeyType::kEd25519) return ObjectIdentifier(NID_ED25519);
  if (spec.type == KeyType::kEd448) return ObjectIdentifier(NID_ED448);
  return ObjectIdentifier(OBJ_sn2nid(spec.curve.c_str()));
}

void AddPublicParts(EVP_PKEY* key, Template& to) {
  const KeySpec spec = SpecOf(key);
  const Family family = FamilyOf(spec, key);
  AddKeyType(family, to);
  if (family == Family::kRsa) {
    to.Bytes(CKA_MODULUS, PartOf(key, OSSL_PKEY_PARAM_RSA_N));
    to.Bytes(CKA_PUBLIC_EXPONENT, PartOf(key, OSSL_PKEY_PARAM_RSA_E));
    return;
  }
  to.Bytes(CKA_EC_PARAMS, EcParams(spec));
  to.Bytes(CKA_EC_POINT,
           family == Family::kEc ? EcPoint(key) : OctetString(RawKey(key, EVP_PKEY_get_raw_public_key)));
}

void AddPrivateParts(EVP_PKEY* key, Template& to) {
  const KeySpec spec = SpecOf(key);
  const Family family = FamilyOf(spec, key);
  AddKeyType(family, to);
  if (family == Family::kRsa) {
    for (const RsaPart& part : kRsaPrivateParts) {
      auto bytes = PartOf(key, part.name);
      to.Bytes(part.type, bytes);
      OPENSSL_cleanse(bytes.data(), bytes.size());
    }
    return;
  }
  to.Bytes(CKA_EC_PARAMS, EcParams(spec));
  auto secret = family == Family::kEdwards
                    ? RawKey(key, EVP_PKEY_get_raw_private_key)
                    : PartOf(key, OSSL_PKEY_PARAM_PRIV_KEY, PartOf(key, OSSL_PKEY_PARAM_EC_ORDER).size());
  to.Bytes(CKA_VALUE, secret);
  OPENSSL_cleanse(secret.data(), secret.size());
}

}  // namespace signet::inline pkcs11

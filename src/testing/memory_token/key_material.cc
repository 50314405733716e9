#include "testing/memory_token/key_material.h"

#include <cstring>
#include <stdexcept>
#include <string_view>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/objects.h>

namespace signet::testing {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kEd25519 = "\x06\x03\x2b\x65\x70"sv;
constexpr std::string_view kEcPublicKey = "\x06\x07\x2a\x86\x48\xce\x3d\x02\x01"sv;

std::string Der(char tag, const std::string& content) {
  std::string der(1, tag);
  const std::size_t size = content.size();
  if (size >= 256) {
    der += '\x82';
    der += static_cast<char>(size >> 8);
  } else if (size >= 128) {
    der += '\x81';
  }
  der += static_cast<char>(size & 0xff);
  return der + content;
}

std::string Octets(EVP_PKEY* key, const char* name) {
  std::size_t size = 0;
  if (EVP_PKEY_get_octet_string_param(key, name, nullptr, 0, &size) != 1) throw std::runtime_error(name);
  std::string bytes(size, '\0');
  EVP_PKEY_get_octet_string_param(key, name, reinterpret_cast<unsigned char*>(bytes.data()), size, &size);
  return bytes;
}

std::string Number(EVP_PKEY* key, const char* name) {
  BIGNUM* made = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &made) != 1) throw std::runtime_error(name);
  const OpenSslPtr<BIGNUM> number(made);
  std::string bytes(static_cast<std::size_t>(BN_num_bytes(number.get())), '\0');
  BN_bn2bin(number.get(), reinterpret_cast<unsigned char*>(bytes.data()));
  return bytes;
}

// CurveOf gives the curve's number at OpenSSL; throws for a curve without a name.
int CurveOf(EVP_PKEY* key) {
  char name[80] = {};
  std::size_t size = 0;
  const int nid = EVP_PKEY_get_group_name(key, name, sizeof name, &size) == 1 ? OBJ_sn2nid(name) : NID_undef;
  if (nid == NID_undef) throw std::runtime_error("a curve without a name");
  return nid;
}

// CurveParams is CKA_EC_PARAMS: the DER OBJECT IDENTIFIER of the curve.
std::string CurveParams(int curve) {
  unsigned char* der = nullptr;
  const int size = i2d_ASN1_OBJECT(OBJ_nid2obj(curve), &der);
  const OpenSslPtr<unsigned char> owned(der);
  if (size <= 2) throw std::runtime_error("a curve without an OBJECT IDENTIFIER");
  return {reinterpret_cast<char*>(der), static_cast<std::size_t>(size)};
}

// CurveNamed gives OpenSSL's name of the curve with these parameters; null if there is none.
const char* CurveNamed(const std::string& params) {
  const auto* position = reinterpret_cast<const unsigned char*>(params.data());
  const OpenSslPtr<ASN1_OBJECT> object(d2i_ASN1_OBJECT(nullptr, &position, static_cast<long>(params.size())));
  const int nid = object != nullptr ? OBJ_obj2nid(object.get()) : NID_undef;
  return OpenSslPtr<EC_GROUP>(EC_GROUP_new_by_curve_name(nid)) != nullptr ? OBJ_nid2sn(nid) : nullptr;
}

// Uncompressed gives the point in the form that every reader knows.
std::string Uncompressed(EVP_PKEY* key, int curve) {
  const OpenSslPtr<EC_GROUP> group(EC_GROUP_new_by_curve_name(curve));
  const auto field = (static_cast<std::size_t>(EC_GROUP_get_degree(group.get())) + 7) / 8;
  const auto padded = [&](const char* name) {
    const std::string number = Number(key, name);
    return std::string(field - number.size(), '\0') + number;
  };
  return "\x04" + padded(OSSL_PKEY_PARAM_EC_PUB_X) + padded(OSSL_PKEY_PARAM_EC_PUB_Y);
}

std::shared_ptr<EVP_PKEY> FromPkcs8(const std::string& der, OSSL_LIB_CTX* library) {
  const auto* position = reinterpret_cast<const unsigned char*>(der.data());
  const OpenSslPtr<PKCS8_PRIV_KEY_INFO> info(
      d2i_PKCS8_PRIV_KEY_INFO(nullptr, &position, static_cast<long>(der.size())));
  if (info == nullptr) return nullptr;
  return OpenSslPtr<EVP_PKEY>(EVP_PKCS82PKEY_ex(info.get(), library, nullptr));
}

std::shared_ptr<EVP_PKEY> RsaKey(const MemoryObject& object, OSSL_LIB_CTX* library) {
  const OpenSslPtr<OSSL_PARAM_BLD> builder(OSSL_PARAM_BLD_new());
  const std::pair<CK_ATTRIBUTE_TYPE, const char*> parts[] = {{CKA_MODULUS, OSSL_PKEY_PARAM_RSA_N},
                                                             {CKA_PUBLIC_EXPONENT, OSSL_PKEY_PARAM_RSA_E},
                                                             {CKA_PRIVATE_EXPONENT, OSSL_PKEY_PARAM_RSA_D}};
  std::vector<OpenSslPtr<BIGNUM>> numbers;
  for (const auto& [type, name] : parts) {
    const std::string bytes = object.Bytes(type);
    numbers.emplace_back(BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()), nullptr));
    OSSL_PARAM_BLD_push_BN(builder.get(), name, numbers.back().get());
  }
  const OpenSslPtr<OSSL_PARAM> params(OSSL_PARAM_BLD_to_param(builder.get()));
  const OpenSslPtr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_name(library, "RSA", nullptr));
  EVP_PKEY* key = nullptr;
  if (EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEYPAIR, params.get()) != 1)
    return nullptr;
  return OpenSslPtr<EVP_PKEY>(key);
}

}  // namespace

CK_ULONG MemoryObject::Number(CK_ATTRIBUTE_TYPE type, CK_ULONG otherwise) const {
  const auto found = attributes.find(type);
  CK_ULONG value = otherwise;
  if (found != attributes.end() && found->second.size() == sizeof value)
    std::memcpy(&value, found->second.data(), sizeof value);
  return value;
}

bool MemoryObject::Is(CK_ATTRIBUTE_TYPE type) const {
  const auto found = attributes.find(type);
  return found != attributes.end() && found->second == std::string(1, '\x01');
}

std::string MemoryObject::Bytes(CK_ATTRIBUTE_TYPE type) const {
  const auto found = attributes.find(type);
  return found == attributes.end() ? std::string() : found->second;
}

MemoryAttributes PublicAttributes(EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  const OpenSslPtr<unsigned char> owned(der);
  MemoryAttributes attributes;
  if (size > 0)
    attributes[CKA_PUBLIC_KEY_INFO] =
        std::string(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
  if (EVP_PKEY_is_a(key, "RSA")) {
    attributes[CKA_KEY_TYPE] = BytesOf(CK_KEY_TYPE{CKK_RSA});
    attributes[CKA_MODULUS] = Number(key, OSSL_PKEY_PARAM_RSA_N);
    attributes[CKA_PUBLIC_EXPONENT] = Number(key, OSSL_PKEY_PARAM_RSA_E);
    attributes[CKA_MODULUS_BITS] = BytesOf(static_cast<CK_ULONG>(EVP_PKEY_get_bits(key)));
  } else if (EVP_PKEY_is_a(key, "ED25519")) {
    attributes[CKA_KEY_TYPE] = BytesOf(CK_KEY_TYPE{CKK_EC_EDWARDS});
    attributes[CKA_EC_PARAMS] = kEd25519;
    attributes[CKA_EC_POINT] = Der('\x04', Octets(key, OSSL_PKEY_PARAM_PUB_KEY));
  } else {
    const int curve = CurveOf(key);
    attributes[CKA_KEY_TYPE] = BytesOf(CK_KEY_TYPE{CKK_EC});
    attributes[CKA_EC_PARAMS] = CurveParams(curve);
    attributes[CKA_EC_POINT] = Der('\x04', Uncompressed(key, curve));
  }
  return attributes;
}

std::shared_ptr<EVP_PKEY> KeyFromAttributes(const MemoryObject& object, OSSL_LIB_CTX* library) {
  const std::string value = object.Bytes(CKA_VALUE);
  switch (object.Number(CKA_KEY_TYPE, CKK_RSA)) {
    case CKK_RSA:
      return RsaKey(object, library);
    case CKK_EC_EDWARDS:
      return OpenSslPtr<EVP_PKEY>(EVP_PKEY_new_raw_private_key_ex(
          library, "ED25519", nullptr, reinterpret_cast<const unsigned char*>(value.data()), value.size()));
    case CKK_EC:
      break;
    default:
      return nullptr;
  }
  const std::string algorithm = Der('\x30', std::string(kEcPublicKey) + object.Bytes(CKA_EC_PARAMS));
  const std::string inner = Der('\x30', "\x02\x01\x01" + Der('\x04', value));
  return FromPkcs8(Der('\x30', std::string("\x02\x01\x00"sv) + algorithm + Der('\x04', inner)), library);
}

std::optional<KeyKind> GeneratedKind(CK_MECHANISM_TYPE mechanism, const std::string& ec_params) {
  if (mechanism == CKM_RSA_PKCS_KEY_PAIR_GEN) return KeyKind{"RSA", nullptr};
  if (mechanism == CKM_EC_EDWARDS_KEY_PAIR_GEN) return KeyKind{"ED25519", nullptr};
  if (mechanism != CKM_EC_KEY_PAIR_GEN) return std::nullopt;
  const char* const curve = CurveNamed(ec_params);
  return curve != nullptr ? std::optional(KeyKind{"EC", curve}) : std::nullopt;
}

}  // namespace signet::testing

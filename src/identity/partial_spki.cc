#include "identity/partial_spki.h"

#include "base/openssl_context.h"
#include "base/openssl_error.h"
#include <signet/error.h>

#include <algorithm>
#include <array>

#include <openssl/core_names.h>
#include <openssl/objects.h>

namespace signet::inline identity {
namespace {

// RFC 5480 section 2.1.1 and RFC 8410 section 3.
struct Row {
  KeyType type;
  int algorithm;
  const char* name;
  std::size_t point;  // bytes of a key of a type that has one curve; else 0
};
constexpr Row kRows[] = {
    {KeyType::kEc, NID_X9_62_id_ecPublicKey, "EC", 0},
    {KeyType::kEd25519, NID_ED25519, "ED25519", 32},
    {KeyType::kEd448, NID_ED448, "ED448", 57},
};

// The subjectPublicKey of a partial SubjectPublicKeyInfo, with which it ends.
constexpr std::array<std::uint8_t, 3> kEmptyBitString = {0x03, 0x01, 0x00};

const Row* Find(KeyType type) {
  const auto* row = std::ranges::find(kRows, type, &Row::type);
  return row != std::end(kRows) ? row : nullptr;
}

std::string CurveIn(const X509_ALGOR* algorithm) {
  int type = V_ASN1_UNDEF;
  const void* value = nullptr;
  X509_ALGOR_get0(nullptr, &type, &value, algorithm);
  if (type != V_ASN1_OBJECT) return {};
  const int curve = OBJ_obj2nid(static_cast<const ASN1_OBJECT*>(value));
  return curve != NID_undef ? OBJ_nid2sn(curve) : "";
}

OpenSslPtr<EVP_PKEY> EcWithoutPoint(const std::string& curve) {
  std::string name = curve;
  OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name.data(), name.size()),
      OSSL_PARAM_construct_end()};
  const OpenSslPtr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_name(OwnContext(), "EC", nullptr));
  EVP_PKEY* key = nullptr;
  if (context == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEY_PARAMETERS, parameters) != 1) {
    return nullptr;
  }
  return OpenSslPtr<EVP_PKEY>(key);
}

}  // namespace

std::vector<std::uint8_t> PartialSpki(const KeyShape& shape) {
  const OpenSslErrorMark mark;
  const Row* row = Find(shape.type);
  const bool named = shape.type == KeyType::kEc;
  const int curve = named ? OBJ_sn2nid(shape.curve.c_str()) : NID_undef;
  if (row == nullptr || (named && OBJ_length(OBJ_nid2obj(curve)) == 0)) return {};
  const OpenSslPtr<X509_PUBKEY> info(X509_PUBKEY_new());
  if (info == nullptr ||
      X509_PUBKEY_set0_param(info.get(), OBJ_nid2obj(row->algorithm), named ? V_ASN1_OBJECT : V_ASN1_UNDEF,
                             named ? OBJ_nid2obj(curve) : nullptr, nullptr, 0) != 1) {
    return {};
  }
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(info.get(), &der);
  const OpenSslPtr<unsigned char> owned(der);
  return size > 0 ? std::vector<std::uint8_t>(der, der + size) : std::vector<std::uint8_t>();
}

std::optional<KeyShape> ReadPartialSpki(std::span<const std::uint8_t> der) {
  if (der.size() < kEmptyBitString.size() ||
      !std::ranges::equal(der.last(kEmptyBitString.size()), kEmptyBitString)) {
    return std::nullopt;
  }
  const OpenSslErrorMark mark;
  const unsigned char* position = der.data();
  const OpenSslPtr<X509_PUBKEY> info(d2i_X509_PUBKEY(nullptr, &position, static_cast<long>(der.size())));
  ASN1_OBJECT* object = nullptr;
  const unsigned char* point = nullptr;
  int size = 0;
  X509_ALGOR* algorithm = nullptr;
  if (info == nullptr || position != der.data() + der.size() ||
      X509_PUBKEY_get0_param(&object, &point, &size, &algorithm, info.get()) != 1 || size != 0) {
    return std::nullopt;
  }
  const auto* row = std::ranges::find(kRows, OBJ_obj2nid(object), &Row::algorithm);
  if (row == std::end(kRows)) return std::nullopt;
  KeyShape shape{row->type, row->type == KeyType::kEc ? CurveIn(algorithm) : ""};
  if (row->type == KeyType::kEc && shape.curve.empty()) return std::nullopt;
  return shape;
}

OpenSslPtr<EVP_PKEY> NativeOf(const KeyShape& shape) {
  const OpenSslErrorMark mark;
  const Row* row = Find(shape.type);
  OpenSslPtr<EVP_PKEY> key;
  if (row != nullptr && row->point != 0) {
    const std::vector<std::uint8_t> zeros(row->point);
    key.reset(EVP_PKEY_new_raw_public_key_ex(OwnContext(), row->name, nullptr, zeros.data(), zeros.size()));
  } else if (row != nullptr) {
    key = EcWithoutPoint(shape.curve);
  }
  if (key == nullptr) ThrowOpenSsl(ErrorCode::kUnsupported, "EVP_PKEY_fromdata", "the curve is unknown here");
  return key;
}

}  // namespace signet::inline identity

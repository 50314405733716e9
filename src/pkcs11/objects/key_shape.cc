#include "pkcs11/objects/key_shape.h"

#include "base/openssl_error.h"
#include "pkcs11/keys/mechanism_plan.h"
#include "pkcs11/objects/der.h"
#include <signet/error.h>

#include <algorithm>
#include <cstring>

#include <openssl/ec.h>
#include <openssl/objects.h>

namespace signet {
namespace {

constexpr std::uint8_t kPrintableString = 0x13;
constexpr std::uint8_t kUtf8String = 0x0c;

// The names of the Edwards curves in CKA_EC_PARAMS: PKCS#11 3.0 section 2.3.5 and RFC 8410 section 3, and
// what tokens before them used.
struct EdwardsRow {
  std::string_view name;
  KeyType type;
};
constexpr EdwardsRow kEdwards[] = {
    {"edwards25519", KeyType::kEd25519}, {"Ed25519", KeyType::kEd25519},
    {"1.3.101.112", KeyType::kEd25519},  {"1.3.6.1.4.1.11591.15.1", KeyType::kEd25519},
    {"edwards448", KeyType::kEd448},     {"Ed448", KeyType::kEd448},
    {"1.3.101.113", KeyType::kEd448},
};

std::string NameIn(const Bytes& parameters) {
  for (const std::uint8_t tag : {kPrintableString, kUtf8String}) {
    const auto text = DerContent(tag, parameters);
    if (!text.empty()) return {text.begin(), text.end()};
  }
  return {};
}

std::string DottedIn(const Bytes& parameters) {
  const unsigned char* position = parameters.data();
  const OpenSslPtr<ASN1_OBJECT> object(
      d2i_ASN1_OBJECT(nullptr, &position, static_cast<long>(parameters.size())));
  char text[80];
  const int size = object != nullptr ? OBJ_obj2txt(text, sizeof text, object.get(), 1) : 0;
  return size > 0 && size < static_cast<int>(sizeof text) ? text : "";
}

std::optional<KeyShape> EdwardsShape(const Bytes& parameters) {
  const std::string name = NameIn(parameters);
  const auto* row =
      std::ranges::find(kEdwards, name.empty() ? DottedIn(parameters) : name, &EdwardsRow::name);
  if (row == std::end(kEdwards)) return std::nullopt;
  return KeyShape{row->type, ""};
}

// CurveIn gives OpenSSL's number of a curve.
int CurveIn(const Bytes& parameters) {
  const std::string name = NameIn(parameters);
  if (!name.empty()) {
    const int nist = EC_curve_nist2nid(name.c_str());
    return nist != NID_undef     ? nist
           : name == "secp256r1" ? NID_X9_62_prime256v1
           : name == "secp192r1" ? NID_X9_62_prime192v1
                                 : OBJ_txt2nid(name.c_str());
  }
  const unsigned char* position = parameters.data();
  const OpenSslPtr<EC_GROUP> group(
      d2i_ECPKParameters(nullptr, &position, static_cast<long>(parameters.size())));
  return group != nullptr ? EC_GROUP_get_curve_name(group.get()) : NID_undef;
}

std::optional<KeyShape> EcShape(const Bytes& parameters) {
  const int curve = CurveIn(parameters);
  if (curve == NID_undef || curve == NID_sm2) return std::nullopt;
  return KeyShape{KeyType::kEc, OBJ_nid2sn(curve)};
}

}  // namespace

std::optional<PublicKey> ShapeOf(const StoredObject& key) {
  const OpenSslErrorMark mark;
  const Bytes& parameters = key.attributes.BytesOf(CKA_EC_PARAMS);
  const CK_ULONG type = key.attributes.NumberOf(CKA_KEY_TYPE).value_or(CK_UNAVAILABLE_INFORMATION);
  std::optional<KeyShape> shape;
  if (type == CKK_EC) shape = EcShape(parameters);
  if (type == CKK_EC_EDWARDS) shape = EdwardsShape(parameters);
  if (!shape) return std::nullopt;
  try {
    return PublicKey::OfShape(*shape);
  } catch (const Error&) {
    return std::nullopt;  // a curve that this OpenSSL was built without
  }
}

bool AllowsPssAlone(const StoredObject& key) {
  const Bytes& value = key.attributes.BytesOf(CKA_ALLOWED_MECHANISMS);
  if (value.empty() || value.size() % sizeof(CK_MECHANISM_TYPE) != 0) return false;
  std::vector<CK_MECHANISM_TYPE> allowed(value.size() / sizeof(CK_MECHANISM_TYPE));
  std::memcpy(allowed.data(), value.data(), value.size());
  return std::ranges::all_of(allowed, [](CK_MECHANISM_TYPE mechanism) {
    const auto rows = MechanismRows();
    const auto row = std::ranges::find(rows, mechanism, &MechanismRow::mechanism);
    return row != rows.end() && row->parameters == MechanismRow::Parameters::kPss;
  });
}

}  // namespace signet

#include "pkcs11/objects/key_shape.h"

#include "pkcs11/keys/mechanism_plan.h"
#include "pkcs11/objects/key_encoding.h"
#include <signet/error.h>

#include <algorithm>
#include <cstring>

namespace signet::inline pkcs11 {
namespace {

constexpr std::string_view kSm2 = "SM2";  // a curve whose keys sign in no way that is known here

std::optional<KeyShape> EdwardsShape(const std::string& curve) {
  if (curve == "ED25519") return KeyShape{KeyType::kEd25519, ""};
  if (curve == "ED448") return KeyShape{KeyType::kEd448, ""};
  return std::nullopt;
}

std::optional<KeyShape> EcShape(const std::string& curve) {
  if (curve.empty() || curve == kSm2) return std::nullopt;
  return KeyShape{KeyType::kEc, curve};
}

}  // namespace

std::optional<PublicKey> ShapeOf(const StoredObject& key) {
  const std::string curve = CurveOf(key.attributes.BytesOf(CKA_EC_PARAMS));
  const CK_ULONG type = key.attributes.NumberOf(CKA_KEY_TYPE).value_or(CK_UNAVAILABLE_INFORMATION);
  std::optional<KeyShape> shape;
  if (type == CKK_EC) shape = EcShape(curve);
  if (type == CKK_EC_EDWARDS) shape = EdwardsShape(curve);
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

}  // namespace signet::inline pkcs11

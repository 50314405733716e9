#include "pkcs11/objects/attributes.h"

#include <algorithm>
#include <cstring>

namespace signet {
namespace {

enum Of : unsigned { kKeys = 1, kCertificates = 2, kBoth = 3 };

struct Wish {
  CK_ATTRIBUTE_TYPE type;
  std::size_t room;  // for the first call; larger values are read again
  Of of;
};

// The room is such that no value is likely to fill it: that tells a value from one that was left alone.
// CKA_VALUE is asked of nothing but certificates: of a private key it is the secret itself.
constexpr Wish kWishes[] = {
    {CKA_CLASS, 15, kBoth},
    {CKA_ID, 255, kBoth},
    {CKA_LABEL, 255, kBoth},
    {CKA_VALUE, 8191, kCertificates},
    {CKA_KEY_TYPE, 15, kKeys},
    {CKA_SIGN, 15, kKeys},
    {CKA_DECRYPT, 15, kKeys},
    {CKA_DERIVE, 15, kKeys},
    {CKA_ALWAYS_AUTHENTICATE, 15, kKeys},
    {CKA_MODULUS, 2047, kKeys},
    {CKA_PUBLIC_EXPONENT, 63, kKeys},
    {CKA_EC_PARAMS, 511, kKeys},
    {CKA_EC_POINT, 511, kKeys},
    {CKA_PUBLIC_KEY_INFO, 3071, kKeys},
    {CKA_ALLOWED_MECHANISMS, 1023, kKeys},
};
constexpr CK_ULONG kLargest = 1 << 20;

bool IsAttributeAnswer(CK_RV rv) {
  return rv == CKR_OK || rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_SENSITIVE ||
         rv == CKR_BUFFER_TOO_SMALL;
}

CK_RV Get(Token::Lease& lease, CK_OBJECT_HANDLE object, CK_ATTRIBUTE* attributes, CK_ULONG count) {
  return lease.Call(SIGNET_CK(C_GetAttributeValue), kNoMechanism, object, attributes, count);
}

void CheckUnlessAnswer(CK_RV rv, const Token::Lease& lease) {
  if (IsAttributeAnswer(rv)) return;
  // A stale session or handle concerns everything; another failure only this attribute.
  if (RowOfRv(rv).staleness != Staleness::kNone)
    throw RvError(rv, "C_GetAttributeValue", lease.token().label());
}

// ReadOne asks for the length first.
std::optional<Bytes> ReadOne(Token::Lease& lease, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) {
  CK_ATTRIBUTE attribute{type, nullptr, 0};
  CK_RV rv = Get(lease, object, &attribute, 1);
  CheckUnlessAnswer(rv, lease);
  if (rv != CKR_OK || attribute.ulValueLen > kLargest) return std::nullopt;
  Bytes value(attribute.ulValueLen);
  attribute.pValue = value.data();
  rv = value.empty() ? CKR_OK : Get(lease, object, &attribute, 1);
  CheckUnlessAnswer(rv, lease);
  if (rv != CKR_OK || attribute.ulValueLen > value.size()) return std::nullopt;
  value.resize(attribute.ulValueLen);
  return value;
}

}  // namespace

const Bytes* Attributes::Find(CK_ATTRIBUTE_TYPE type) const noexcept {
  const auto found = std::ranges::find(values_, type, &Value::type);
  return found != values_.end() ? &found->bytes : nullptr;
}

const Bytes& Attributes::BytesOf(CK_ATTRIBUTE_TYPE type) const noexcept {
  static const Bytes empty;
  const Bytes* found = Find(type);
  return found != nullptr ? *found : empty;
}

std::string Attributes::TextOf(CK_ATTRIBUTE_TYPE type) const {
  const Bytes& bytes = BytesOf(type);
  return {bytes.begin(), bytes.end()};
}

std::optional<CK_ULONG> Attributes::NumberOf(CK_ATTRIBUTE_TYPE type) const noexcept {
  const Bytes& bytes = BytesOf(type);
  if (bytes.size() != sizeof(CK_ULONG)) return std::nullopt;
  CK_ULONG number = 0;
  std::memcpy(&number, bytes.data(), sizeof number);
  return number;
}

std::optional<bool> Attributes::FlagOf(CK_ATTRIBUTE_TYPE type) const noexcept {
  const Bytes& bytes = BytesOf(type);
  if (bytes.size() != sizeof(CK_BBOOL)) return std::nullopt;
  return bytes[0] != CK_FALSE;
}

StoredObject ReadAttributes(Token::Lease& lease, CK_OBJECT_HANDLE object,
                            std::optional<CK_OBJECT_CLASS> object_class) {
  const Of of = object_class == CKO_CERTIFICATE ? kCertificates : kKeys;
  std::vector<Bytes> rooms;
  std::vector<CK_ATTRIBUTE> wanted;
  for (const Wish& wish : kWishes) {
    if ((wish.of & of) == 0) continue;
    rooms.emplace_back(wish.room);
    wanted.push_back({wish.type, rooms.back().data(), wish.room});
  }
  StoredObject result{.handle = object};
  const CK_RV rv = Get(lease, object, wanted.data(), wanted.size());
  CheckUnlessAnswer(rv, lease);
  // Every object has a class: where not even that is told, the module refused the question as a whole.
  const bool refused = !IsAttributeAnswer(rv) || wanted.front().ulValueLen == CK_UNAVAILABLE_INFORMATION;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const CK_ULONG size = wanted[i].ulValueLen;
    const bool absent = size == CK_UNAVAILABLE_INFORMATION;
    const bool untouched = refused || (rv != CKR_OK && size == rooms[i].size());
    const bool too_long = size > rooms[i].size() && (!absent || rv == CKR_BUFFER_TOO_SMALL);
    if (untouched || too_long) {
      if (auto value = ReadOne(lease, object, wanted[i].type))
        result.attributes.Set(wanted[i].type, *std::move(value));
    } else if (!absent) {
      rooms[i].resize(size);
      result.attributes.Set(wanted[i].type, std::move(rooms[i]));
    }
  }
  result.object_class = result.attributes.NumberOf(CKA_CLASS).value_or(CK_UNAVAILABLE_INFORMATION);
  if (of == kKeys && result.object_class == CKO_CERTIFICATE)
    return ReadAttributes(lease, object, CKO_CERTIFICATE);
  return result;
}

}  // namespace signet

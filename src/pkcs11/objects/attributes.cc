#include "pkcs11/objects/attributes.h"

#include <algorithm>
#include <cstring>

namespace signet::inline pkcs11 {
namespace {

enum Of : unsigned { kPrivateKeys = 1, kPublicKeys = 2, kCertificates = 4, kKeys = 3, kAll = 7 };

struct Wish {
  CK_ATTRIBUTE_TYPE type;
  std::size_t room;  // of the buffer in the first call; larger values are read again
  Of of;
};

// The buffer is larger than usual values: this distinguishes a value from an unchanged buffer, and
// spares asking again. CKA_VALUE is asked of nothing but certificates: of a private key it is the secret
// itself.
constexpr Wish kWishes[] = {
    {CKA_CLASS, 15, kAll},
    {CKA_ID, 4095, kAll},
    {CKA_LABEL, 4095, kAll},
    {CKA_VALUE, 8191, kCertificates},
    {CKA_CERTIFICATE_TYPE, 15, kCertificates},
    {CKA_KEY_TYPE, 15, kKeys},
    {CKA_PRIVATE, 15, kPrivateKeys},
    {CKA_SIGN, 15, kPrivateKeys},
    {CKA_DECRYPT, 15, kPrivateKeys},
    {CKA_DERIVE, 15, kPrivateKeys},
    {CKA_ALWAYS_AUTHENTICATE, 15, kPrivateKeys},
    {CKA_ALLOWED_MECHANISMS, 32767, kKeys},
    {CKA_MODULUS, 2049, kKeys},
    {CKA_PUBLIC_EXPONENT, 2049, kKeys},
    {CKA_EC_PARAMS, 2047, kKeys},
    {CKA_EC_POINT, 511, kKeys},
    {CKA_PUBLIC_KEY_INFO, 8191, kKeys},
};
constexpr CK_ULONG kLargest = 1 << 24;
constexpr std::size_t kSecondRoom = 1 << 16;

bool IsAttributeAnswer(CK_RV rv) {
  return rv == CKR_OK || rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_SENSITIVE ||
         rv == CKR_BUFFER_TOO_SMALL;
}

CK_RV Get(Token::Lease& lease, CK_OBJECT_HANDLE object, CK_ATTRIBUTE* attributes, CK_ULONG count) {
  return lease.Call(SIGNET_CK(C_GetAttributeValue), kNoMechanism, object, attributes, count);
}

// What an object is found by: without it the object would vanish.
bool IsEssential(CK_ATTRIBUTE_TYPE type) {
  return type == CKA_CLASS || type == CKA_ID || type == CKA_LABEL || type == CKA_KEY_TYPE ||
         type == CKA_VALUE;
}

// CheckUnlessAnswer throws what concerns more than one attribute.
void CheckUnlessAnswer(CK_RV rv, const Token::Lease& lease) {
  if (!IsAttributeAnswer(rv) && RowOfRv(rv).staleness != Staleness::kNone)
    throw RvError(rv, "C_GetAttributeValue", lease.token().label());
}

// ReadOne asks for the length first.
std::optional<Bytes> ReadOne(Token::Lease& lease, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) {
  const auto check = [&](CK_RV rv) {
    CheckUnlessAnswer(rv, lease);
    if (IsEssential(type) && !IsAttributeAnswer(rv))
      throw RvError(rv, "C_GetAttributeValue", lease.token().label());
  };
  CK_ATTRIBUTE attribute{type, nullptr, 0};
  CK_RV rv = Get(lease, object, &attribute, 1);
  check(rv);
  if (rv != CKR_OK || attribute.ulValueLen > kLargest) return std::nullopt;
  Bytes value(attribute.ulValueLen);
  attribute.pValue = value.data();
  rv = value.empty() ? CKR_OK : Get(lease, object, &attribute, 1);
  check(rv);
  if (rv != CKR_OK || attribute.ulValueLen > value.size()) return std::nullopt;
  value.resize(attribute.ulValueLen);
  return value;
}

// Question is one C_GetAttributeValue with buffers for the answers.
class Question {
 public:
  void Ask(CK_ATTRIBUTE_TYPE type, std::size_t room) {
    rooms_.emplace_back(room);
    wanted_.push_back({type, rooms_.back().data(), room});
  }
  CK_RV Send(Token::Lease& lease, CK_OBJECT_HANDLE object) {
    rv_ = wanted_.empty() ? CKR_OK : Get(lease, object, wanted_.data(), wanted_.size());
    return rv_;
  }

  std::size_t size() const noexcept { return wanted_.size(); }
  CK_ATTRIBUTE_TYPE type(std::size_t i) const { return wanted_[i].type; }
  bool unavailable(std::size_t i) const { return wanted_[i].ulValueLen == CK_UNAVAILABLE_INFORMATION; }
  // untouched: modules that stop at the first attribute that they do not have leave the others as they were.
  bool untouched(std::size_t i) const { return rv_ != CKR_OK && wanted_[i].ulValueLen == rooms_[i].size(); }
  bool too_long(std::size_t i) const { return !unavailable(i) && wanted_[i].ulValueLen > rooms_[i].size(); }
  Bytes Take(std::size_t i) {
    rooms_[i].resize(wanted_[i].ulValueLen);
    return std::move(rooms_[i]);
  }

 private:
  std::vector<Bytes> rooms_;
  std::vector<CK_ATTRIBUTE> wanted_;
  CK_RV rv_ = CKR_OK;
};

Of WishesFor(std::optional<CK_OBJECT_CLASS> object_class) {
  if (!object_class) return kKeys;
  if (*object_class == CKO_CERTIFICATE) return kCertificates;
  return *object_class == CKO_PUBLIC_KEY ? kPublicKeys : kPrivateKeys;
}

// One call reports one reason for several attributes, so that what was not given may be there, and longer
// than its buffer (PKCS#11 2.40, C_GetAttributeValue). MustHave tells whether such an object always has it;
// MayBeLong whether it is one of those that may have any length, and that an object may lack.
bool MayBeLong(CK_ATTRIBUTE_TYPE type) { return type == CKA_ID || type == CKA_LABEL; }
bool MustHave(CK_ATTRIBUTE_TYPE type, const Attributes& known) {
  const auto object_class = known.NumberOf(CKA_CLASS);
  const auto key_type = known.NumberOf(CKA_KEY_TYPE);
  switch (type) {
    case CKA_VALUE:
      return object_class == CKO_CERTIFICATE;
    case CKA_MODULUS:
      return key_type == CKK_RSA;
    case CKA_EC_PARAMS:
      return key_type == CKK_EC;
    case CKA_EC_POINT:
      return key_type == CKK_EC && object_class == CKO_PUBLIC_KEY;
    default:
      return false;
  }
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
  const Of of = WishesFor(object_class);
  Question first;
  for (const Wish& wish : kWishes) {
    if ((wish.of & of) != 0) first.Ask(wish.type, wish.room);
  }
  StoredObject result{.handle = object};
  const CK_RV rv = first.Send(lease, object);
  CheckUnlessAnswer(rv, lease);
  // Every object has a class: where not even that is told, the module refused the question as a whole.
  const bool refused = !IsAttributeAnswer(rv) || first.unavailable(0);
  std::vector<std::size_t> doubtful;
  Question second;
  for (std::size_t i = 0; i < first.size(); ++i) {
    const bool doubted = first.unavailable(i) && rv != CKR_BUFFER_TOO_SMALL && MayBeLong(first.type(i));
    if (refused || first.untouched(i) || doubted) {
      if (auto value = ReadOne(lease, object, first.type(i)))
        result.attributes.Set(first.type(i), *std::move(value));
    } else if (first.too_long(i) || (first.unavailable(i) && rv == CKR_BUFFER_TOO_SMALL)) {
      second.Ask(first.type(i), kSecondRoom);
    } else if (first.unavailable(i)) {
      doubtful.push_back(i);
    } else {
      result.attributes.Set(first.type(i), first.Take(i));
    }
  }
  for (const std::size_t i : doubtful) {
    if (MustHave(first.type(i), result.attributes)) second.Ask(first.type(i), kSecondRoom);
  }
  CheckUnlessAnswer(second.Send(lease, object), lease);
  for (std::size_t i = 0; i < second.size(); ++i) {
    if (second.unavailable(i) || second.untouched(i) || second.too_long(i)) {
      if (auto value = ReadOne(lease, object, second.type(i)))
        result.attributes.Set(second.type(i), *std::move(value));
    } else {
      result.attributes.Set(second.type(i), second.Take(i));
    }
  }
  result.object_class = result.attributes.NumberOf(CKA_CLASS).value_or(CK_UNAVAILABLE_INFORMATION);
  result.partial = !object_class && result.object_class == CKO_CERTIFICATE;
  return result;
}

}  // namespace signet::inline pkcs11

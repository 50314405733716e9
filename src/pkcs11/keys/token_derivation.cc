// ECDH in a token: the secret is derived into a session object, read, and destroyed.
#include "identity/der.h"
#include "pkcs11/keys/token_key.h"
#include <signet/error.h>

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace signet::inline pkcs11 {
namespace {

// SessionObject is destroyed at its end; where that fails it goes with its session.
class SessionObject {
 public:
  SessionObject(Token::Lease& lease, CK_OBJECT_HANDLE handle) : lease_(lease), handle_(handle) {}
  ~SessionObject() {
    if (lease_.Call(SIGNET_CK(C_DestroyObject), kNoMechanism, handle_) != CKR_OK) lease_.Discard();
  }
  SessionObject(const SessionObject&) = delete;
  SessionObject& operator=(const SessionObject&) = delete;

  // Value reads the secret, which must have `size` bytes.
  Secret Value(std::size_t size) const {
    Secret value = Secret::OfSize(size);
    CK_ATTRIBUTE wanted{CKA_VALUE, value.writable().data(), size};
    const CK_RV rv = lease_.Call(SIGNET_CK(C_GetAttributeValue), kNoMechanism, handle_, &wanted, CK_ULONG{1});
    CheckRv(rv, "C_GetAttributeValue", lease_.token().label());
    if (wanted.ulValueLen == size) return value;
    throw Error(
        {.code = ErrorCode::kTokenTrouble,
         .detail = fmt::format("token {}: the derived secret does not have the length of the curve's field",
                               lease_.token().label()),
         .call = "C_GetAttributeValue",
         .token = lease_.token().label(),
         .hint = "Contact the vendor of the module, or use another module."});
  }

 private:
  Token::Lease& lease_;
  const CK_OBJECT_HANDLE handle_;
};

// Attempt is one way to ask for the derivation: modules differ in whether the point is wrapped in DER, and in
// whether they want to be told how long the secret is.
struct Attempt {
  bool wrapped;
  bool with_length;
};
constexpr Attempt kAttempts[] = {{false, true}, {true, true}, {false, false}, {true, false}};

bool IsRefusalOfForm(CK_RV rv) {
  return rv == CKR_MECHANISM_PARAM_INVALID || rv == CKR_ARGUMENTS_BAD || rv == CKR_DOMAIN_PARAMS_INVALID ||
         rv == CKR_TEMPLATE_INCONSISTENT || rv == CKR_TEMPLATE_INCOMPLETE ||
         rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_READ_ONLY ||
         rv == CKR_ATTRIBUTE_VALUE_INVALID || rv == CKR_GENERAL_ERROR;
}

CK_RV AskToDerive(Token::Lease& lease, CK_OBJECT_HANDLE key, std::span<const std::uint8_t> point,
                  bool with_length, CK_ULONG size, CK_OBJECT_HANDLE& derived) {
  CK_ECDH1_DERIVE_PARAMS params{};
  params.kdf = CKD_NULL;
  params.pPublicData = const_cast<std::uint8_t*>(point.data());
  params.ulPublicDataLen = point.size();
  CK_MECHANISM mechanism{CKM_ECDH1_DERIVE, &params, sizeof params};
  CK_OBJECT_CLASS object_class = CKO_SECRET_KEY;
  CK_KEY_TYPE key_type = CKK_GENERIC_SECRET;
  CK_BBOOL yes = CK_TRUE;
  CK_BBOOL no = CK_FALSE;
  std::array<CK_ATTRIBUTE, 6> wanted = {{
      {CKA_CLASS, &object_class, sizeof object_class},
      {CKA_KEY_TYPE, &key_type, sizeof key_type},
      {CKA_TOKEN, &no, sizeof no},
      {CKA_SENSITIVE, &no, sizeof no},
      {CKA_EXTRACTABLE, &yes, sizeof yes},
      {CKA_VALUE_LEN, &size, sizeof size},
  }};
  const CK_ULONG count = wanted.size() - (with_length ? 0 : 1);
  return lease.Call(SIGNET_CK(C_DeriveKey), CKM_ECDH1_DERIVE, &mechanism, key, wanted.data(), count,
                    &derived);
}

}  // namespace

bool TokenKey::can_derive() const {
  if (type() != KeyType::kEc) return false;
  const auto mechanisms = token_->Mechanisms();
  return std::ranges::find(*mechanisms, CK_MECHANISM_TYPE{CKM_ECDH1_DERIVE}) != mechanisms->end();
}

Secret TokenKey::Derive(std::span<const std::uint8_t> peer_point) {
  const std::size_t field = type() == KeyType::kEc ? public_key_.field_size() : 0;
  if (field == 0 || peer_point.size() != 1 + 2 * field || peer_point.front() != 0x04) {
    throw Error({.code = ErrorCode::kBadArgument,
                 .detail = "derivation requires an EC key and an uncompressed point on its curve"});
  }
  return token_->guard().Run(
      [self = Self(), field, point = std::vector<std::uint8_t>(peer_point.begin(), peer_point.end())] {
        return self->DeriveHere(point, field);
      });
}

Secret TokenKey::DeriveHere(std::span<const std::uint8_t> peer_point, std::size_t field) {
  return token_->Use({.credentials = credentials_.get(), .login_first = private_.load()},
                     [&](Token::Lease& lease) { return DeriveOn(lease, peer_point, field); });
}

Secret TokenKey::DeriveOn(Token::Lease& lease, std::span<const std::uint8_t> peer_point, std::size_t field) {
  const CK_OBJECT_HANDLE key = HandleOn(lease);
  const std::vector<std::uint8_t> wrapped = DerWrap(kOctetString, peer_point);
  CK_RV rv = CKR_OK;
  for (const Attempt& attempt : kAttempts) {
    CK_OBJECT_HANDLE derived = CK_INVALID_HANDLE;
    const std::span<const std::uint8_t> point =
        attempt.wrapped ? std::span<const std::uint8_t>(wrapped) : peer_point;
    rv = AskToDerive(lease, key, point, attempt.with_length, field, derived);
    if (rv == CKR_OK) return SessionObject(lease, derived).Value(field);
    if (rv == CKR_KEY_FUNCTION_NOT_PERMITTED) throw NotAllowed("derive", "CKA_DERIVE", "C_DeriveKey");
    if (!IsRefusalOfForm(rv)) break;
  }
  throw RvError(rv, "C_DeriveKey", token_->label()).WithUri(credentials_->uri);
}

}  // namespace signet::inline pkcs11

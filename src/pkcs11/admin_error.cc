#include "pkcs11/admin_error.h"

#include <string>

#include <fmt/format.h>
#include <p11-kit/p11-kit.h>

namespace signet {
namespace {

struct Meaning {
  CK_RV result;
  const char* name;
  ErrorCode code;
  const char* mend;
};

constexpr Meaning kMeanings[] = {
    {CKR_PIN_INCORRECT, "CKR_PIN_INCORRECT", ErrorCode::kWrongPin,
     "Check the PIN; it was sent once and is not sent again."},
    {CKR_PIN_LOCKED, "CKR_PIN_LOCKED", ErrorCode::kPinLocked,
     "Have the PIN reset with the security officer's PIN."},
    {CKR_PIN_INVALID, "CKR_PIN_INVALID", ErrorCode::kWrongPin,
     "Choose a PIN of characters that the token allows."},
    {CKR_PIN_LEN_RANGE, "CKR_PIN_LEN_RANGE", ErrorCode::kWrongPin,
     "Choose a PIN of a length that the token allows."},
    {CKR_USER_PIN_NOT_INITIALIZED, "CKR_USER_PIN_NOT_INITIALIZED", ErrorCode::kPinNeeded,
     "Set a PIN with `signet token set-pin`."},
    {CKR_TOKEN_NOT_PRESENT, "CKR_TOKEN_NOT_PRESENT", ErrorCode::kTokenAbsent, "Insert the token."},
    {CKR_TOKEN_WRITE_PROTECTED, "CKR_TOKEN_WRITE_PROTECTED", ErrorCode::kTokenTrouble,
     "The token takes no changes."},
    {CKR_MECHANISM_INVALID, "CKR_MECHANISM_INVALID", ErrorCode::kUnsupported,
     "The token cannot make such a key; choose another type."},
    {CKR_USER_NOT_LOGGED_IN, "CKR_USER_NOT_LOGGED_IN", ErrorCode::kPinNeeded,
     "Give the PIN with --pin-source."},
    {CKR_GENERAL_ERROR, "CKR_GENERAL_ERROR", ErrorCode::kTokenTrouble,
     "Check that this user may use the token's files or device."},
    {CKR_TEMPLATE_INCONSISTENT, "CKR_TEMPLATE_INCONSISTENT", ErrorCode::kUnsupported,
     "The token does not take such an object."},
    {CKR_ATTRIBUTE_VALUE_INVALID, "CKR_ATTRIBUTE_VALUE_INVALID", ErrorCode::kUnsupported,
     "The token does not take such an object."},
};

}  // namespace

void CheckAdmin(CK_RV result, std::string_view call, ErrorCode otherwise) {
  if (result == CKR_OK) return;
  Error::Fields fields{.code = otherwise,
                       .detail = "the token refused",
                       .call = std::string(call),
                       .native = {NativeCode::Kind::kPkcs11, result, fmt::format("CKR 0x{:x}", result)}};
  if (const char* text = p11_kit_strerror(result)) fields.detail = fmt::format("the token refused: {}", text);
  for (const Meaning& meaning : kMeanings) {
    if (meaning.result != result) continue;
    fields.code = meaning.code;
    fields.native.name = meaning.name;
    fields.mend = meaning.mend;
  }
  throw Error(std::move(fields));
}

}  // namespace signet

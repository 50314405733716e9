#include "pkcs11/admin/admin_error.h"

#include "pkcs11/module/rv.h"
#include "pkcs11/module/token_name.h"

#include <algorithm>
#include <array>
#include <string>

#include <fmt/format.h>

namespace signet::inline pkcs11 {
namespace {

// Meaning is the text of a failure for a change of a token, if it differs from the text for a
// signer.
struct Meaning {
  CK_RV result;
  ErrorCode code;
  const char* detail;
  const char* hint;
};

constexpr const char* kOtherKind = "Choose another type of key.";
constexpr const char* kFreeSpace = "Remove objects that are no longer needed: signet token remove.";

constexpr Meaning kMeanings[] = {
    {CKR_MECHANISM_INVALID, ErrorCode::kUnsupported, "the token cannot generate such a key", kOtherKind},
    {CKR_ATTRIBUTE_VALUE_INVALID, ErrorCode::kUnsupported, "the token does not accept such an object",
     kOtherKind},
    {CKR_ATTRIBUTE_TYPE_INVALID, ErrorCode::kUnsupported, "the token does not accept such an object",
     kOtherKind},
    {CKR_TEMPLATE_INCONSISTENT, ErrorCode::kUnsupported, "the token does not accept such an object",
     kOtherKind},
    {CKR_KEY_SIZE_RANGE, ErrorCode::kUnsupported, "the token does not generate keys of this size",
     "Choose another size."},
    {CKR_DEVICE_MEMORY, ErrorCode::kTokenTrouble, "the token has no memory left", kFreeSpace},
    {CKR_TOKEN_WRITE_PROTECTED, ErrorCode::kTokenTrouble,
     "the token cannot be changed: it is write-protected",
     "Use the vendor's tool, or another module for this token."},
    {CKR_SESSION_READ_ONLY, ErrorCode::kTokenTrouble, "the token provides no read-write session",
     "Use the vendor's tool, or another module for this token."},
    {CKR_PIN_INVALID, ErrorCode::kWrongPin, "the token does not accept these characters in a PIN",
     "Use other characters in the PIN."},
};

// kUnknownOutcomes may come after the token changed something. PKCS#11 2.40, 5.1.1 to 5.1.3; 3.2 for the last
// two.
constexpr std::array kUnknownOutcomes = {
    CKR_GENERAL_ERROR, CKR_HOST_MEMORY,    CKR_FUNCTION_FAILED, CKR_FUNCTION_CANCELED,     CKR_DEVICE_ERROR,
    CKR_DEVICE_MEMORY, CKR_DEVICE_REMOVED, CKR_SESSION_CLOSED,  kCkrTokenResourceExceeded, kCkrPending};

const char* NameOf(CK_USER_TYPE user) { return user == CKU_SO ? "security officer's PIN" : "user's PIN"; }

std::string LengthsOf(const CK_TOKEN_INFO& info) {
  const auto known = [](CK_ULONG n) { return n != 0 && n != CK_UNAVAILABLE_INFORMATION; };
  if (!known(info.ulMaxPinLen)) {
    return known(info.ulMinPinLen) ? fmt::format("at least {} bytes", info.ulMinPinLen)
                                   : "an unknown number of bytes";
  }
  const CK_ULONG least = info.ulMinPinLen != CK_UNAVAILABLE_INFORMATION ? info.ulMinPinLen : 0;
  return fmt::format("{} to {} bytes", least, info.ulMaxPinLen);
}

// NoOfficerLogin: modules without a login for the security officer answer with one of these.
bool NoOfficerLogin(CK_RV result) {
  return result == CKR_GENERAL_ERROR || result == CKR_FUNCTION_NOT_SUPPORTED ||
         result == CKR_USER_TYPE_INVALID;
}

}  // namespace

Outcome OutcomeOf(CK_RV result) noexcept {
  if (result == CKR_OK) return Outcome::kDone;
  const bool unknown = std::ranges::find(kUnknownOutcomes, result) != kUnknownOutcomes.end() ||
                       RowOfRv(result).name == nullptr;
  return unknown ? Outcome::kUnknown : Outcome::kNotDone;
}

Error AdminError(CK_RV result, std::string_view call, std::string_view token) {
  Error error = RvError(result, call, token);
  const auto* meaning = std::ranges::find(kMeanings, result, &Meaning::result);
  if (meaning == std::end(kMeanings)) return error;
  return Error(
      {.code = meaning->code,
       .detail = token.empty() ? meaning->detail : fmt::format("token {}: {}", token, meaning->detail),
       .call = error.call(),
       .native = error.native(),
       .token = std::string(token),
       .hint = meaning->hint});
}

void CheckAdmin(CK_RV result, std::string_view call, std::string_view token) {
  if (result != CKR_OK) throw AdminError(result, call, token);
}

Error PinError(CK_RV result, std::string_view call, CK_USER_TYPE user, const CK_TOKEN_INFO& info) {
  const std::string token = TextOf(info.label);
  const Error plain = AdminError(result, call, token);
  const auto with = [&](ErrorCode code, std::string detail, std::string hint) {
    return Error({.code = code,
                  .detail = fmt::format("token {}: {}", token, detail),
                  .call = plain.call(),
                  .native = plain.native(),
                  .token = token,
                  .hint = std::move(hint)});
  };
  if (call == "C_Login" && user == CKU_SO && NoOfficerLogin(result)) {
    return with(
        ErrorCode::kUnsupported,
        "the module rejected the security officer's login, but not because of a wrong PIN; some modules have "
        "no such login, for example OpenSC with PIV cards",
        "If you have a PUK, use the card's tool: `pkcs15-tool --unblock-pin`, or for a YubiKey `ykman piv "
        "access unblock-pin`.");
  }
  switch (result) {
    case CKR_PIN_LEN_RANGE:
      return with(
          ErrorCode::kWrongPin,
          fmt::format("the {} is too short or too long: the token accepts {}", NameOf(user), LengthsOf(info)),
          "Give a PIN of that length.");
    case CKR_PIN_INCORRECT:
      return with(ErrorCode::kWrongPin, fmt::format("the {} is wrong", NameOf(user)),
                  "Check the PIN; it is not sent again.");
    case CKR_PIN_LOCKED:
      if (user != CKU_SO) break;
      return with(ErrorCode::kPinLocked, "the security officer's PIN is locked",
                  "Reset it with the token's own tool, which usually erases the token.");
    default:
      break;
  }
  return plain;
}

Error WithDetail(const Error& error, std::string_view more) {
  Error::Fields fields = error.fields();
  fields.detail += more;
  return Error(std::move(fields));
}

}  // namespace signet::inline pkcs11

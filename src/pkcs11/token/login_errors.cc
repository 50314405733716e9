#include "pkcs11/token/login_errors.h"

#include "pkcs11/module/rv.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

namespace signet::inline pkcs11 {
namespace {

using Failure = LoginStep::Failure;

struct Words {
  ErrorCode code;
  const char* detail;  // after "token LABEL: "
  const char* hint;
};

struct RefusalRow {
  PinRefusal refusal;
  Words words;
};
// clang-format off
constexpr RefusalRow kRefusals[] = {
    {PinRefusal::kLocked, {ErrorCode::kPinLocked, "the PIN is locked, so no PIN was sent",
                           "Have the security officer reset the PIN, or use the PUK."}},
    {PinRefusal::kNotInitialised, {ErrorCode::kTokenTrouble, "the token has no user PIN yet",
                                   "Set one: signet token set-pin."}},
    {PinRefusal::kFinalTry, {ErrorCode::kPinFinalTry, "one more wrong PIN locks the token, so no PIN was sent",
                             "If you are sure of the PIN, set allow-final-try = true."}},
    {PinRefusal::kRefusedBefore, {ErrorCode::kWrongPin, "this PIN was rejected before and is not sent again",
                                  "Give the correct PIN."}},
    {PinRefusal::kEmpty, {ErrorCode::kPinNeeded,
                          "the PIN is empty and was not sent, because the token may count it as a wrong PIN",
                          "Check the source of the PIN: the file, the variable or the input."}},
    {PinRefusal::kCountLow, {ErrorCode::kWrongPin,
                             "the last PIN was wrong, so the program's pass phrase was not sent as a PIN",
                             "Give the PIN in the URI (pin-source), or set pass-phrase-is-pin = always."}},
};

// kOfficerRefusals are those that sound different of the security officer's PIN.
constexpr RefusalRow kOfficerRefusals[] = {
    {PinRefusal::kLocked, {ErrorCode::kPinLocked, "the security officer's PIN is locked, so no PIN was sent",
                           "Reset it with the token's own tool, which usually erases the token."}},
    {PinRefusal::kFinalTry, {ErrorCode::kPinFinalTry, "one more wrong PIN locks the security officer's PIN, so no PIN was sent",
                             "If you are sure of the PIN, set allow-final-try = true."}},
    {PinRefusal::kRefusedBefore, {ErrorCode::kWrongPin, "this security officer's PIN was rejected before and is not sent again",
                                  "Give the correct PIN."}},
};

struct FailureRow {
  Failure failure;
  Words words;
};
constexpr FailureRow kFailures[] = {
    {Failure::kNoPin, {ErrorCode::kPinNeeded, "the token requires a PIN, but none was given",
                       "Give the PIN: pin-source in the URI, the token-pin setting, or a prompt."}},
    {Failure::kOfficerIsIn, {ErrorCode::kTokenTrouble, "the security officer is logged in",
                             "Close the program in which the security officer is logged in."}},
    {Failure::kUserIsIn, {ErrorCode::kTokenTrouble, "the security officer cannot log in while the user is logged in",
                          "Close the program in which the user is logged in."}},
    {Failure::kUndoneTooOften, {ErrorCode::kTokenTrouble, "another program repeatedly logs the user out",
                                "Find the program that calls C_Logout on this token."}},
    {Failure::kFailedBefore, {ErrorCode::kTokenTrouble, "the login failed", "Try again."}},
};
// clang-format on

const Words& WordsFor(const LoginStep& step) {
  if (step.why == Failure::kState || step.why == Failure::kPin) {
    return std::ranges::find(kRefusals, step.refusal, &RefusalRow::refusal)->words;
  }
  return std::ranges::find(kFailures, step.why, &FailureRow::failure)->words;
}

const Words& OfficerWordsFor(const LoginStep& step) {
  const auto* row = std::ranges::find(kOfficerRefusals, step.refusal, &RefusalRow::refusal);
  const bool of_pin = step.why == Failure::kState || step.why == Failure::kPin;
  return of_pin && row != std::end(kOfficerRefusals) ? row->words : WordsFor(step);
}

}  // namespace

Error OfficerLoginError(const LoginStep& step, const std::string& label, std::string_view uri) {
  const Words& words = OfficerWordsFor(step);
  return Error({.code = words.code,
                .detail = fmt::format("token {}: {}", label, words.detail),
                .token = label,
                .uri = std::string(uri),
                .hint = words.hint});
}

Error LoginError(const LoginStep& step, const std::string& label, const Credentials& credentials) {
  const Words& words = WordsFor(step);
  const bool withheld = step.why == Failure::kNoPin && credentials.pin_withheld;
  return Error(
      {.code = words.code,
       .detail = fmt::format("token {}: {}", label, words.detail),
       .token = label,
       .uri = credentials.uri,
       .hint =
           withheld
               ? "Name the token in the URI: the token-pin setting is sent only if exactly one token matches."
               : words.hint});
}

}  // namespace signet::inline pkcs11

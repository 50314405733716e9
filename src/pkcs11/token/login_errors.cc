#include "pkcs11/token/login_errors.h"

#include "pkcs11/module/rv.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

namespace signet {
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
    {PinRefusal::kLocked, {ErrorCode::kPinLocked, "the PIN is locked, so none was sent",
                           "Have the security officer reset the PIN, or use the PUK."}},
    {PinRefusal::kNotInitialised, {ErrorCode::kTokenTrouble, "the token has no user PIN yet",
                                   "Set one: signet token set-pin."}},
    {PinRefusal::kFinalTry, {ErrorCode::kPinFinalTry, "one more wrong PIN locks it, so none was sent",
                             "When you are sure of the PIN, set allow-final-try = true."}},
    {PinRefusal::kRefusedBefore, {ErrorCode::kWrongPin, "this PIN was refused before, and is not sent again",
                                  "Give the right PIN."}},
    {PinRefusal::kEmpty, {ErrorCode::kPinNeeded,
                          "the PIN is empty, and was not sent, as the token may count it as a wrong one",
                          "Check where the PIN comes from: the file, the variable, what was typed."}},
    {PinRefusal::kCountLow, {ErrorCode::kWrongPin,
                             "a wrong PIN was entered there last, so the program's pass phrase was not sent as a PIN",
                             "Give the PIN in the URI (pin-source), or set pass-phrase-is-pin = always."}},
};

// kOfficerRefusals are those that sound different of the security officer's PIN.
constexpr RefusalRow kOfficerRefusals[] = {
    {PinRefusal::kLocked, {ErrorCode::kPinLocked, "the security officer's PIN is locked, so none was sent",
                           "Only the token's own tool can reset it, and that usually erases the token."}},
    {PinRefusal::kFinalTry, {ErrorCode::kPinFinalTry, "one more wrong PIN locks the security officer's, so none was sent",
                             "When you are sure of the PIN, set allow-final-try = true."}},
    {PinRefusal::kRefusedBefore, {ErrorCode::kWrongPin, "this security officer's PIN was refused before, and is not sent again",
                                  "Give the right PIN."}},
};

struct FailureRow {
  Failure failure;
  Words words;
};
constexpr FailureRow kFailures[] = {
    {Failure::kNoPin, {ErrorCode::kPinNeeded, "the token wants a PIN, and none was given",
                       "Give it: pin-source in the URI, the token-pin setting, or a prompt."}},
    {Failure::kOfficerIsIn, {ErrorCode::kTokenTrouble, "the security officer is logged in",
                             "Close the program in which the security officer is logged in."}},
    {Failure::kUserIsIn, {ErrorCode::kTokenTrouble, "the user is logged in, and the security officer cannot be beside him",
                          "Close the program in which the user is logged in."}},
    {Failure::kUndoneTooOften, {ErrorCode::kTokenTrouble, "another program logs the user out again and again",
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
       .hint = withheld ? "The token-pin setting is sent only where it is clear which token it is for: name "
                          "the token in the URI."
                        : words.hint});
}

}  // namespace signet

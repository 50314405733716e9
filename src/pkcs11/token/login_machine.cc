#include "pkcs11/token/login_machine.h"

namespace signet::inline pkcs11 {
namespace {

using Kind = LoginStep::Kind;
using Failure = LoginStep::Failure;

LoginStep Fail(Failure why) noexcept { return {.kind = Kind::kFail, .why = why}; }

// StepOfSession is the next step for a logged-in user; nothing without a login.
std::optional<LoginStep> StepOfSession(CK_STATE session, CK_USER_TYPE user) noexcept {
  const bool user_in = session == CKS_RO_USER_FUNCTIONS || session == CKS_RW_USER_FUNCTIONS;
  const bool officer_in = session == CKS_RW_SO_FUNCTIONS;
  if (!user_in && !officer_in) return std::nullopt;
  if (officer_in == (user == CKU_SO)) return LoginStep{.kind = Kind::kReady};
  return Fail(officer_in ? Failure::kOfficerIsIn : Failure::kUserIsIn);
}

}  // namespace

LoginStep NextLoginStep(const LoginFacts& facts) noexcept {
  if (!facts.context) {
    if (const auto step = StepOfSession(facts.session, facts.token.user)) return *step;
    if (facts.logins >= kMostLogins) return Fail(Failure::kUndoneTooOften);
  }
  if (facts.failed) return Fail(Failure::kFailedBefore);
  if (const auto refusal = RefusalOfState(facts.token, facts.policy)) {
    return {.kind = Kind::kFail, .why = Failure::kState, .refusal = *refusal};
  }
  if ((facts.token.flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0) return {.kind = Kind::kAskReader};
  LoginStep refused = Fail(Failure::kNoPin);
  // A kept PIN may have been changed at the token, and a key's own PIN may differ from the user's: there a
  // person is asked for another.
  bool may_ask = facts.may_ask;
  for (std::size_t i = 0; i < facts.pins.size(); ++i) {
    const auto refusal = RefusalOfPin(facts.pins[i], facts.token, facts.policy);
    if (!refusal) return {.kind = Kind::kSendPin, .pin = i};
    if (refused.why == Failure::kNoPin) {
      refused = {.kind = Kind::kFail, .pin = i, .why = Failure::kPin, .refusal = *refusal};
    }
    may_ask = may_ask && (facts.pins[i].origin == PinOrigin::kKept || facts.context);
  }
  return may_ask ? LoginStep{.kind = Kind::kAskPerson} : refused;
}

}  // namespace signet::inline pkcs11

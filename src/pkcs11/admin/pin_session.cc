#include "pkcs11/admin/pin_session.h"

#include "pkcs11/admin/admin_error.h"
#include "pkcs11/module/rv.h"
#include "pkcs11/token/login_errors.h"
#include "process/refused_pin_ledger.h"

#include <span>

#include <fmt/format.h>

namespace signet::inline pkcs11 {
namespace {

using Step = LoginStep::Kind;

const char* NameOf(CK_USER_TYPE user) { return user == CKU_SO ? "security officer's PIN" : "user's PIN"; }

bool IsEmpty(const PinToSend& pin) { return pin.pin && pin.pin->empty(); }

void Accepted(const std::string& ledger_name, const std::optional<Secret>& pin) {
  if (pin) RefusedPinLedger::Accepted(ledger_name, *pin);
}

}  // namespace

CK_UTF8CHAR* PinBytes(const std::optional<Secret>& pin) noexcept {
  // PKCS#11 does not write into a PIN.
  return pin ? reinterpret_cast<CK_UTF8CHAR*>(const_cast<char*>(pin->view().data())) : nullptr;
}

CK_ULONG PinSize(const std::optional<Secret>& pin) noexcept { return pin ? pin->size() : 0; }

OwnPin::OwnPin(const TokenHandle& handle, CK_USER_TYPE whose, PinToSend given)
    : user(whose),
      pin(std::move(given)),
      label(handle.name.label()),
      ledger_name(LedgerNameOf(handle.name.key(), whose)) {}

LoginStep OwnPin::NextStep(CK_STATE session, const CK_TOKEN_INFO& info, bool failed, int logins) const {
  const PinFacts facts{.origin = PinOrigin::kPerson,
                       .empty = IsEmpty(pin),
                       .refused = pin.pin && RefusedPinLedger::WasRefused(ledger_name, *pin.pin)};
  return NextLoginStep({.session = session,
                        .token = {.flags = info.flags, .min_length = info.ulMinPinLen, .user = user},
                        .pins = pin.pin ? std::span<const PinFacts>(&facts, 1) : std::span<const PinFacts>(),
                        .failed = failed,
                        .logins = logins,
                        .policy = {.allow_final_try = pin.allow_final_try}});
}

Error OwnPin::ErrorOf(const LoginStep& step) const {
  return user == CKU_SO ? OfficerLoginError(step, label, "") : LoginError(step, label, Credentials{});
}

CK_RV OwnPin::Pass(const LoginStep& step, bool beside_new_pin,
                   const std::function<CK_RV(CK_UTF8CHAR* pin, CK_ULONG size)>& call) const {
  const bool reader_asks = step.kind == Step::kAskReader || !pin.pin;
  const auto rv = PassPin({.pin = reader_asks ? nullptr : &*pin.pin,
                           .ledger_name = ledger_name,
                           .beside_new_pin = beside_new_pin},
                          call);
  if (!rv) throw ErrorOf({.why = LoginStep::Failure::kPin, .refusal = PinRefusal::kRefusedBefore});
  return *rv;
}

void CheckNewPin(const CK_TOKEN_INFO& info, CK_USER_TYPE user, const std::optional<Secret>& pin) {
  if (!pin) return;
  const auto size = static_cast<CK_ULONG>(pin->size());
  const CK_ULONG least = info.ulMinPinLen;
  const CK_ULONG most = info.ulMaxPinLen;
  // Limits that make no sense are left to the token.
  const bool known = most != 0 && most != CK_UNAVAILABLE_INFORMATION && least <= most;
  if (size == 0) {
    const std::string label = TextOf(info.label);
    throw Error({.code = ErrorCode::kWrongPin,
                 .detail = fmt::format("token {}: the new {} is empty", label, NameOf(user)),
                 .token = label,
                 .hint = "Give a PIN."});
  }
  if (known && (size < least || size > most)) throw PinError(CKR_PIN_LEN_RANGE, "", user, info);
}

// LogIn gives the step by which the PIN went to the token, or would have where it was logged in before.
LoginStep PinSession::LogIn(Token::Lease& lease) {
  const CK_STATE session = lease.State();
  const CK_TOKEN_INFO info = lease.Look();
  const LoginStep step = own_.NextStep(session, info, failure_.has_value(), logins_);
  switch (step.kind) {
    case Step::kReady:
      // What a PIN may be sent for is asked as if it were to log in.
      return own_.NextStep(CKS_RW_PUBLIC_SESSION, info, false, 0);
    case Step::kAskReader:
    case Step::kSendPin:
      ++logins_;
      // Who was logged in already may be logged out by now: then it is done once more.
      return CallLogin(lease, step, info) ? step : LogIn(lease);
    case Step::kAskPerson:
    case Step::kFail:
      break;
  }
  lease.EndAction();
  if (step.why == LoginStep::Failure::kFailedBefore) throw Error(*failure_);
  throw own_.ErrorOf(step);
}

// CallLogin is false if the login was undone at once.
bool PinSession::CallLogin(Token::Lease& lease, const LoginStep& step, const CK_TOKEN_INFO& info) {
  const CK_RV rv = own_.Pass(step, false, [&](CK_UTF8CHAR* pin, CK_ULONG size) {
    return lease.Call(SIGNET_CK(C_Login), kNoMechanism, own_.user, pin, size);
  });
  if (rv == CKR_OK) Accepted(own_.ledger_name, own_.pin.pin);
  if (rv == CKR_OK) return true;
  // Where it is not so, C_SetPIN would take the PIN for another user's.
  if (rv == CKR_USER_ALREADY_LOGGED_IN)
    return own_.NextStep(lease.State(), info, false, 0).kind == Step::kReady;
  failure_ = PinError(rv, "C_Login", own_.user, info);
  // With an expired PIN the token allows C_SetPIN and nothing else.
  if (rv != CKR_PIN_EXPIRED) throw Error(*failure_);
  return true;
}

void PinSession::InitPin(const std::optional<Secret>& new_pin) {
  token_->Use({.exclusive = true}, [&](Token::Lease& lease) {
    LogIn(lease);
    const CK_RV rv = lease.Call(SIGNET_CK(C_InitPIN), kNoMechanism, PinBytes(new_pin), PinSize(new_pin));
    if (OutcomeOf(rv) == Outcome::kUnknown) {
      throw WithDetail(PinError(rv, "C_InitPIN", CKU_USER, token_->info()),
                       "; it is not known whether the user's PIN was set");
    }
    if (rv != CKR_OK) throw PinError(rv, "C_InitPIN", CKU_USER, token_->info());
    Accepted(LedgerNameOf(token_->name().key(), CKU_USER), new_pin);
    return true;
  });
}

void PinSession::SetPin(const std::optional<Secret>& new_pin) {
  token_->Use({.exclusive = true}, [&](Token::Lease& lease) {
    CallSetPin(lease, LogIn(lease), new_pin);
    return true;
  });
}

void PinSession::CallSetPin(Token::Lease& lease, const LoginStep& step,
                            const std::optional<Secret>& new_pin) {
  if (step.kind == Step::kFail) throw own_.ErrorOf(step);
  if (failure_ && RvOf(*failure_) != CKR_PIN_EXPIRED) {
    // The user is logged in; but the PIN had another result, and is not sent again.
    lease.EndAction();
    throw Error(*failure_);
  }
  // The PIN goes out once more, and what the token says of it may have changed since C_Login.
  const LoginStep now = own_.NextStep(CKS_RW_PUBLIC_SESSION, lease.Look(), false, 0);
  if (now.kind == Step::kFail) throw own_.ErrorOf(now);
  // Last, because it uses up a try: in a session without login C_SetPIN changes the user's PIN.
  if (own_.user == CKU_SO && lease.State() != CKS_RW_SO_FUNCTIONS)
    throw RvError(CKR_USER_NOT_LOGGED_IN, "C_SetPIN", own_.label);
  const CK_RV rv = own_.Pass(step, true, [&](CK_UTF8CHAR* pin, CK_ULONG size) {
    return lease.Call(SIGNET_CK(C_SetPIN), kNoMechanism, pin, size, PinBytes(new_pin), PinSize(new_pin));
  });
  if (rv == CKR_OK) return Accepted(own_.ledger_name, new_pin);
  // The change may have succeeded, so the old PIN may be wrong by now: it is not sent again.
  lease.EndAction();
  // C_Login took the officer's PIN a moment ago; a session without him compares it with the user's.
  if (own_.user == CKU_SO && OutcomeOf(rv) != Outcome::kUnknown && lease.State() != CKS_RW_SO_FUNCTIONS) {
    Accepted(own_.ledger_name, own_.pin.pin);
    throw RvError(CKR_USER_NOT_LOGGED_IN, "C_SetPIN", own_.label);
  }
  const Error error = PinError(rv, "C_SetPIN", own_.user, token_->info());
  if (OutcomeOf(rv) != Outcome::kUnknown) throw error;
  throw WithDetail(error, fmt::format("; it is not known whether the {} was changed", NameOf(own_.user)));
}

}  // namespace signet::inline pkcs11

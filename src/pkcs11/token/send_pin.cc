#include "pkcs11/token/send_pin.h"

#include "pkcs11/token/login_errors.h"
#include "process/refused_pin_ledger.h"

#include <fmt/format.h>

namespace signet::inline pkcs11 {
namespace {

bool IsRefusal(CK_RV rv, const PassedPin& passed) {
  if (rv == CKR_PIN_INVALID || rv == CKR_PIN_LEN_RANGE) return !passed.beside_new_pin;
  return rv == CKR_PIN_INCORRECT;
}

CK_RV CallWith(const Secret* pin, const std::function<CK_RV(CK_UTF8CHAR*, CK_ULONG)>& call) {
  if (pin == nullptr) return call(nullptr, 0);
  // PKCS#11 wants a pointer that is not const, though no module writes to it, and not null for an empty PIN.
  CK_UTF8CHAR empty = 0;
  auto* const text = reinterpret_cast<CK_UTF8CHAR*>(const_cast<char*>(pin->view().data()));
  return call(text != nullptr ? text : &empty, pin->size());
}

Error FailureOf(CK_RV rv, const LoginPin& sending) {
  if (rv != CKR_FUNCTION_CANCELED && rv != CKR_CANCEL)
    return RvError(rv, "C_Login", sending.label).WithUri(sending.credentials.uri);
  return Error({.code = ErrorCode::kPinNeeded,
                .detail = fmt::format("token {}: the PIN entry at the reader was cancelled", sending.label),
                .call = "C_Login",
                .native = {NativeCode::Kind::kPkcs11, rv, RvName(rv)},
                .token = sending.label,
                .uri = sending.credentials.uri,
                .hint = "Try again and enter the PIN at the reader."});
}

}  // namespace

std::string LedgerNameOf(const std::string& token_key, CK_USER_TYPE user) {
  if (user == CKU_CONTEXT_SPECIFIC) return token_key + "\ncontext";
  return user == CKU_SO ? token_key + "\nofficer" : token_key;
}

std::optional<CK_RV> PassPin(const PassedPin& passed,
                             const std::function<CK_RV(CK_UTF8CHAR* pin, CK_ULONG size)>& call) {
  const Secret* pin = passed.pin;
  // Another thread may have learnt that it is wrong since it was chosen.
  if (pin != nullptr && RefusedPinLedger::WasRefused(passed.ledger_name, *pin)) return std::nullopt;
  // A PIN with unknown result is not sent again.
  CallWatch::Holding in_doubt(
      [](void* object) {
        const auto* const doubtful = static_cast<const PassedPin*>(object);
        if (doubtful->pin != nullptr) RefusedPinLedger::Refused(doubtful->ledger_name, *doubtful->pin);
      },
      const_cast<PassedPin*>(&passed));
  const CK_RV rv = CallWith(pin, call);
  const bool given_up = !in_doubt.End();
  if (pin == nullptr) return rv;
  const bool works = rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN;
  if (IsRefusal(rv, passed) || (!works && passed.spent_by_failure)) {
    RefusedPinLedger::Refused(passed.ledger_name, *pin);
  } else if (given_up) {
    RefusedPinLedger::Accepted(passed.ledger_name, *pin);
  }
  return rv;
}

SentPin SendPin(SessionLease& lease, const LoginPin& sending) {
  const auto login = [&](CK_UTF8CHAR* pin, CK_ULONG size) {
    return lease.Call(SIGNET_CK(C_Login), kNoMechanism, sending.user, pin, size);
  };
  // A pass phrase that is no PIN would come again at each start of the program.
  const auto rv = PassPin({.pin = sending.pin,
                           .ledger_name = sending.ledger_name,
                           .spent_by_failure = sending.origin == PinOrigin::kPassPhrase},
                          login);
  if (!rv) {
    return {.failure = LoginError({.why = LoginStep::Failure::kPin, .refusal = PinRefusal::kRefusedBefore},
                                  sending.label, sending.credentials)};
  }
  if (*rv == CKR_USER_ALREADY_LOGGED_IN) return {.outcome = SentPin::Outcome::kWasIn};
  if (*rv != CKR_OK) return {.failure = FailureOf(*rv, sending)};
  if (sending.pin != nullptr) {
    RefusedPinLedger::Accepted(sending.ledger_name, *sending.pin);
    sending.keep.Keep(*sending.pin);
  }
  return {.outcome = SentPin::Outcome::kLoggedIn};
}

}  // namespace signet::inline pkcs11

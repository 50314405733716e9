#include "pkcs11/token/send_pin.h"

#include "pkcs11/token/login_errors.h"
#include "process/refused_pin_ledger.h"

#include <fmt/format.h>

namespace signet {
namespace {

bool IsRefusal(CK_RV rv) {
  return rv == CKR_PIN_INCORRECT || rv == CKR_PIN_INVALID || rv == CKR_PIN_LEN_RANGE;
}

Error FailureOf(CK_RV rv, const PinToSend& sending) {
  if (rv != CKR_FUNCTION_CANCELED && rv != CKR_CANCEL)
    return RvError(rv, "C_Login", sending.label).WithUri(sending.credentials.uri);
  return Error({.code = ErrorCode::kPinNeeded,
                .detail = fmt::format("token {}: the PIN entry at the reader was cancelled", sending.label),
                .call = "C_Login",
                .native = {NativeCode::Kind::kPkcs11, rv, RvName(rv)},
                .token = sending.label,
                .uri = sending.credentials.uri,
                .mend = "Try again and enter the PIN at the reader."});
}

CK_RV CallLogin(SessionLease& lease, const PinToSend& sending) {
  const Secret* pin = sending.pin;
  // PKCS#11 wants a pointer that is not const; no module writes to it.
  auto* const text =
      pin != nullptr ? reinterpret_cast<CK_UTF8CHAR*>(const_cast<char*>(pin->view().data())) : nullptr;
  CK_UTF8CHAR empty = 0;
  CK_UTF8CHAR* const bytes = pin != nullptr && text == nullptr ? &empty : text;
  const CK_ULONG size = pin != nullptr ? pin->size() : 0;
  return lease.Call(SIGNET_CK(C_Login), kNoMechanism, sending.user, bytes, size);
}

}  // namespace

std::optional<Error> SendPin(SessionLease& lease, const PinToSend& sending) {
  const Secret* pin = sending.pin;
  // Another thread may have learnt that it is wrong since it was chosen.
  if (pin != nullptr && RefusedPinLedger::WasRefused(sending.ledger_name, *pin)) {
    return LoginError({.why = LoginStep::Failure::kPin, .refusal = PinRefusal::kRefusedBefore}, sending.label,
                      sending.credentials);
  }
  // While nobody knows what became of a PIN it is not sent again.
  CallWatch::Holding in_doubt(
      [](void* object) {
        const auto* const doubtful = static_cast<const PinToSend*>(object);
        if (doubtful->pin != nullptr) RefusedPinLedger::Refused(doubtful->ledger_name, *doubtful->pin);
      },
      const_cast<PinToSend*>(&sending));
  const CK_RV rv = CallLogin(lease, sending);
  const bool given_up = !in_doubt.End();
  if (rv == CKR_OK) {
    if (pin == nullptr) return std::nullopt;
    RefusedPinLedger::Accepted(sending.ledger_name, *pin);
    sending.keep.Keep(*pin);
    return std::nullopt;
  }
  // A pass phrase that is no PIN would come again at each start of the program.
  const bool spent = IsRefusal(rv) || sending.origin == PinOrigin::kPassPhrase;
  if (pin != nullptr && given_up && !spent) RefusedPinLedger::Accepted(sending.ledger_name, *pin);
  if (rv == CKR_USER_ALREADY_LOGGED_IN) return std::nullopt;
  if (pin != nullptr && spent) RefusedPinLedger::Refused(sending.ledger_name, *pin);
  return FailureOf(rv, sending);
}

}  // namespace signet

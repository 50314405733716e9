#include "pkcs11/admin/pin_session.h"
#include "pkcs11/admin/provisioning.h"
#include "pkcs11/admin/token_handle.h"
#include <signet/error.h>

namespace signet::inline pkcs11 {
namespace {

// NewPins are what a piece of work that may outlive its caller owns.
struct NewPins {
  PinToSend own;
  std::optional<Secret> fresh;
};

std::shared_ptr<NewPins> Owned(const PinToSend& own, const std::optional<Secret>& fresh) {
  return std::make_shared<NewPins>(
      NewPins{own.Clone(), fresh ? std::optional<Secret>(fresh->Clone()) : std::nullopt});
}

// Guarded does `work` under the token's guard.
template <class Work>
auto Guarded(const TokenPlace& token, Work work) {
  return token.handle->guard->Run(std::move(work));
}

void SetOwnPin(const TokenPlace& token, CK_USER_TYPE user, const PinToSend& old_pin,
               const std::optional<Secret>& new_pin) {
  CheckNewPin(token.handle->name.info, user, new_pin);
  Guarded(token, [token, user, pins = Owned(old_pin, new_pin)] {
    PinSession(*token.handle, user, std::move(pins->own)).SetPin(pins->fresh);
    return true;
  });
}

}  // namespace

void ResetPin(const TokenPlace& token, const PinToSend& so_pin, const std::optional<Secret>& new_pin) {
  CheckNewPin(token.handle->name.info, CKU_USER, new_pin);
  Guarded(token, [token, pins = Owned(so_pin, new_pin)] {
    PinSession(*token.handle, CKU_SO, std::move(pins->own)).InitPin(pins->fresh);
    return true;
  });
}

void ChangePin(const TokenPlace& token, const PinToSend& old_pin, const std::optional<Secret>& new_pin) {
  SetOwnPin(token, CKU_USER, old_pin, new_pin);
}

void ChangeOfficerPin(const TokenPlace& token, const PinToSend& old_pin,
                      const std::optional<Secret>& new_pin) {
  SetOwnPin(token, CKU_SO, old_pin, new_pin);
}

}  // namespace signet::inline pkcs11

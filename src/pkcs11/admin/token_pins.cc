#include "pkcs11/admin/admin_error.h"
#include "pkcs11/admin/pin_session.h"
#include "pkcs11/admin/provisioning.h"
#include "pkcs11/admin/token_handle.h"
#include "pkcs11/module/rv.h"
#include <signet/error.h>

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace signet {
namespace {

PinToSend Copy(const PinToSend& pin) {
  return {.pin = pin.pin ? std::optional<Secret>(pin.pin->Clone()) : std::nullopt,
          .allow_final_try = pin.allow_final_try};
}

std::vector<std::string> SerialsIn(Module& module) {
  std::vector<std::string> serials;
  for (const CK_SLOT_ID slot : module.SlotsWithToken()) {
    try {
      serials.push_back(TextOf(module.TokenInfo(slot).serialNumber));
    } catch (const Error&) {
      continue;  // a token that cannot be read is not the one that is initialised
    }
  }
  return serials;
}

// AfterInitialising finds the new token: in its slot, or, where the module moves it, in another of the same
// module with this label, whose serial number is new or the old token's.
TokenPlace AfterInitialising(const TokenPlace& before, std::string_view label,
                             const std::vector<std::string>& serials) {
  const TokenHandle& handle = *before.handle;
  const auto fits = [&](const TokenPlace& place) { return place.initialised && place.label == label; };
  std::vector<CK_SLOT_ID> slots = handle.module->SlotsWithToken();
  std::stable_partition(slots.begin(), slots.end(), [&](CK_SLOT_ID slot) { return slot == handle.slot; });
  for (const CK_SLOT_ID slot : slots) {
    try {
      TokenHandle there = handle;
      there.slot = slot;
      TokenPlace place = PlaceIn(std::move(there));
      const bool known = std::ranges::find(serials, place.serial) != serials.end();
      if (fits(place) && (slot == handle.slot || !known || place.serial == before.serial)) return place;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kTokenAbsent) throw;
    }
  }
  throw Error({.code = ErrorCode::kTokenAbsent,
               .detail = fmt::format("the token \"{}\" was not found after C_InitToken", label),
               .token = std::string(label),
               .hint = "Re-insert it."});
}

// InitToken makes the call once. The PIN of a token that is initialised already is checked by it, as at a
// login.
void InitToken(const TokenPlace& place, std::string_view label, const PinToSend& so_pin) {
  const TokenHandle& handle = *place.handle;
  const CK_TOKEN_INFO info = handle.module->TokenInfo(handle.slot);
  if (!handle.name.Fits(handle.slot, info)) throw RvError(CKR_TOKEN_NOT_PRESENT, "C_GetTokenInfo", label);
  std::array<CK_UTF8CHAR, sizeof(CK_TOKEN_INFO::label)> padded;
  padded.fill(' ');
  std::ranges::copy(label, padded.begin());
  const auto call = [&](CK_UTF8CHAR* pin, CK_ULONG size) {
    return handle.module->Call(SIGNET_CK(C_InitToken), CalledOn{label}, handle.slot, pin, size,
                               padded.data());
  };
  CK_RV result = CKR_OK;
  if (place.initialised) {
    const OwnPin own(handle, CKU_SO, Copy(so_pin));
    const LoginStep step = own.NextStep(CKS_RW_PUBLIC_SESSION, info, false, 0);
    if (step.kind == LoginStep::Kind::kFail) throw own.ErrorOf(step);
    result = own.Pass(step, false, call);
  } else {
    result = call(PinBytes(so_pin.pin), PinSize(so_pin.pin));
  }
  if (result == CKR_OK) return;
  const Error error = PinError(result, "C_InitToken", CKU_SO, info);
  if (OutcomeOf(result) != Outcome::kUnknown) throw error;
  throw WithDetail(error, fmt::format("; it is not known whether the token {} was initialised", label));
}

// SetFirstPin sets the user's PIN on a token that was just initialised.
TokenPlace SetFirstPin(const TokenPlace& place, std::string_view label,
                       const std::vector<std::string>& serials, const PinToSend& so_pin,
                       const std::optional<Secret>& pin) {
  try {
    TokenPlace made = AfterInitialising(place, label, serials);
    PinSession(*made.handle, CKU_SO, Copy(so_pin)).InitPin(pin);
    return made;
  } catch (const Error& error) {
    const Error partial = WithDetail(
        error,
        fmt::format("; the token has its label {} and the security officer's PIN now, but no user's PIN",
                    label));
    throw Error({.code = partial.code(),
                 .detail = partial.detail(),
                 .call = partial.call(),
                 .native = partial.native(),
                 .token = std::string(label),
                 .hint = fmt::format("Set the user's PIN: signet token set-pin --token {} --so-pin-source "
                                     "SOURCE.",
                                     label)});
  }
}

// NewPins are what a piece of work that may outlive its caller owns.
struct NewPins {
  PinToSend own;
  std::optional<Secret> fresh;
};

std::shared_ptr<NewPins> Owned(const PinToSend& own, const std::optional<Secret>& fresh) {
  return std::make_shared<NewPins>(
      NewPins{Copy(own), fresh ? std::optional<Secret>(fresh->Clone()) : std::nullopt});
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

TokenPlace Initialise(const TokenPlace& place, std::string_view label, const PinToSend& so_pin,
                      const std::optional<Secret>& pin) {
  const TokenHandle& handle = *place.handle;
  if (!place.initialised) CheckNewPin(handle.name.info, CKU_SO, so_pin.pin);
  CheckNewPin(handle.name.info, CKU_USER, pin);
  return Guarded(place, [place, label = std::string(label), pins = Owned(so_pin, pin)] {
    const std::vector<std::string> serials = SerialsIn(*place.handle->module);
    InitToken(place, label, pins->own);
    return SetFirstPin(place, label, serials, pins->own, pins->fresh);
  });
}

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

}  // namespace signet

#include "pkcs11/admin/admin_error.h"
#include "pkcs11/admin/pin_session.h"
#include "pkcs11/admin/provisioning.h"
#include "pkcs11/admin/token_handle.h"
#include <signet/error.h>

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace signet {
namespace {

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
      TokenPlace place = PlaceIn(handle.module, slot, handle.settings);
      const bool known = std::ranges::find(serials, place.serial) != serials.end();
      if (fits(place) && (slot == handle.slot || !known || place.serial == before.serial)) return place;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kTokenAbsent) throw;
    }
  }
  throw Error({.code = ErrorCode::kTokenAbsent,
               .detail = fmt::format("the token \"{}\" was not found after C_InitToken", label),
               .token = std::string(label),
               .mend = "Re-insert it."});
}

void InitToken(const TokenPlace& place, std::string_view label, const PinToSend& so_pin) {
  const TokenHandle& handle = *place.handle;
  const CK_TOKEN_INFO info = handle.module->TokenInfo(handle.slot);
  // The PIN of a token that is initialised already is checked by C_InitToken, as at a login.
  if (place.initialised) CheckPinToSend(info, CKU_SO, so_pin);
  std::array<CK_UTF8CHAR, sizeof(CK_TOKEN_INFO::label)> padded;
  padded.fill(' ');
  std::ranges::copy(label, padded.begin());
  const CK_RV result = handle.module->Call(SIGNET_CK(C_InitToken), CalledOn{label}, handle.slot,
                                           PinBytes(so_pin.pin), PinSize(so_pin.pin), padded.data());
  if (result == CKR_OK) return;
  const Error error = PinError(result, "C_InitToken", CKU_SO, info);
  if (OutcomeOf(result) != Outcome::kUnknown) throw error;
  throw WithDetail(error, fmt::format("; it is not known whether the token {} was initialised", label));
}

}  // namespace

TokenPlace Initialise(const TokenPlace& place, std::string_view label, const PinToSend& so_pin,
                      const std::optional<Secret>& pin) {
  const TokenHandle& handle = *place.handle;
  if (!place.initialised) CheckNewPin(handle.name.info, CKU_SO, so_pin.pin);
  CheckNewPin(handle.name.info, CKU_USER, pin);
  const std::vector<std::string> serials = SerialsIn(*handle.module);
  InitToken(place, label, so_pin);
  try {
    TokenPlace made = AfterInitialising(place, label, serials);
    PinSession session(*made.handle->module, made.handle->slot);
    session.LogIn(CKU_SO, so_pin);
    session.InitPin(pin);
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
                 .mend = fmt::format("Set the user's PIN: signet token set-pin --token {} --so-pin-source "
                                     "SOURCE.",
                                     label)});
  }
}

void ResetPin(const TokenPlace& token, const PinToSend& so_pin, const std::optional<Secret>& new_pin) {
  CheckNewPin(token.handle->name.info, CKU_USER, new_pin);
  PinSession session(*token.handle->module, token.handle->slot);
  session.LogIn(CKU_SO, so_pin);
  session.InitPin(new_pin);
}

void ChangePin(const TokenPlace& token, const PinToSend& old_pin, const std::optional<Secret>& new_pin) {
  CheckNewPin(token.handle->name.info, CKU_USER, new_pin);
  PinSession session(*token.handle->module, token.handle->slot);
  session.LogIn(CKU_USER, old_pin);
  session.SetPin(CKU_USER, old_pin, new_pin);
}

void ChangeOfficerPin(const TokenPlace& token, const PinToSend& old_pin,
                      const std::optional<Secret>& new_pin) {
  CheckNewPin(token.handle->name.info, CKU_SO, new_pin);
  PinSession session(*token.handle->module, token.handle->slot);
  session.LogIn(CKU_SO, old_pin);
  session.SetPin(CKU_SO, old_pin, new_pin);
}

}  // namespace signet

// C_InitToken names a slot and nothing else: the token is looked for right before it and after it, and what
// is stale then is renewed as for any other work.
#include "pkcs11/admin/admin_error.h"
#include "pkcs11/admin/pin_session.h"
#include "pkcs11/admin/provisioning.h"
#include "pkcs11/admin/token_handle.h"
#include "pkcs11/module/rv.h"
#include "pkcs11/token/place.h"
#include <signet/error.h>

#include <algorithm>
#include <array>
#include <functional>

#include <fmt/format.h>

namespace signet::inline pkcs11 {
namespace {

// Before is what the module's slots held before the token was initialised.
struct Before {
  std::vector<std::string> serials;
  std::vector<CK_SLOT_ID> unreadable;
};

Before LookBefore(Module& module) {
  return module.Retry([&] {
    Before before;
    for (const CK_SLOT_ID slot : module.SlotsWithToken()) {
      try {
        before.serials.push_back(TextOf(module.TokenInfo(slot).serialNumber));
      } catch (const Error& error) {
        if (StalenessOf(error) == Staleness::kModule) throw;
        before.unreadable.push_back(slot);
      }
    }
    return before;
  });
}

struct Found {
  CK_SLOT_ID slot = 0;
  CK_TOKEN_INFO info{};
};

// WhereIs finds the token, in its slot or another one.
Found WhereIs(const TokenHandle& handle) {
  const TokenContext context{
      .module = handle.module, .guard = handle.guard, .name = handle.name, .label = handle.name.label()};
  Place place(context);
  place.Hint(handle.slot);
  return handle.module->Retry([&] {
    const std::uint64_t finding = place.finding();
    try {
      const CK_SLOT_ID slot = place.Slot();
      return Found{slot, place.Look(slot)};
    } catch (const Error&) {
      place.Forget(finding);
      throw;
    }
  });
}

CK_RV CallInitToken(const TokenPlace& place, const Found& at, std::string_view label,
                    const PinToSend& so_pin) {
  const TokenHandle& handle = *place.handle;
  std::array<CK_UTF8CHAR, sizeof(CK_TOKEN_INFO::label)> padded;
  padded.fill(' ');
  std::ranges::copy(label, padded.begin());
  const auto call = [&](CK_UTF8CHAR* pin, CK_ULONG size) {
    return handle.module->Call(SIGNET_CK(C_InitToken), CalledOn{label}, at.slot, pin, size, padded.data());
  };
  if (!place.initialised) return call(PinBytes(so_pin.pin), PinSize(so_pin.pin));
  // The token checks the PIN as at a login.
  const OwnPin own(handle, CKU_SO, so_pin.Clone());
  const LoginStep step = own.NextStep(CKS_RW_PUBLIC_SESSION, at.info, false, 0);
  if (step.kind == LoginStep::Kind::kFail) throw own.ErrorOf(step);
  return own.Pass(step, false, call);
}

// InitToken gives the slot in which the token is initialised. C_InitToken carries a PIN, and is called once.
CK_SLOT_ID InitToken(const TokenPlace& place, std::string_view label, const PinToSend& so_pin) {
  const Found at = WhereIs(*place.handle);
  const CK_RV result = CallInitToken(place, at, label, so_pin);
  if (result == CKR_OK) return at.slot;
  const Error error = PinError(result, "C_InitToken", CKU_SO, at.info);
  if (OutcomeOf(result) != Outcome::kUnknown) throw error;
  throw WithDetail(error, fmt::format("; it is not known whether the token {} was initialised", label));
}

// LookAfter finds the new token: in its slot, or, where the module moves it, in another that was read before.
// It has the label, and the old token's serial number or one that no token had before. A slot that cannot be
// read hides no other.
TokenPlace LookAfter(const TokenPlace& old, CK_SLOT_ID slot, std::string_view label, const Before& before) {
  const auto is_new = [&](const TokenPlace& place) {
    if (!place.initialised || place.label != label) return false;
    if (place.serial == old.serial) return true;
    const bool known = std::ranges::find(before.serials, place.serial) != before.serials.end();
    const bool read = std::ranges::find(before.unreadable, place.handle->slot) == before.unreadable.end();
    return !known && (read || place.handle->slot == slot);
  };
  std::vector<CK_SLOT_ID> slots = old.handle->module->SlotsWithToken();
  std::stable_partition(slots.begin(), slots.end(), [&](CK_SLOT_ID one) { return one == slot; });
  std::optional<Error> trouble;
  for (const CK_SLOT_ID one : slots) {
    try {
      TokenHandle there = *old.handle;
      there.slot = one;
      TokenPlace place = PlaceIn(std::move(there));
      if (is_new(place)) return place;
    } catch (const Error& error) {
      if (StalenessOf(error) == Staleness::kModule) throw;
      if (!trouble) trouble = error;
    }
  }
  if (trouble) throw *std::move(trouble);
  throw Error({.code = ErrorCode::kTokenAbsent,
               .detail = fmt::format("the token \"{}\" was not found after C_InitToken", label),
               .token = std::string(label),
               .hint = "Re-insert it."});
}

// SetFirstPin sets the user's PIN on the token that was just initialised in `slot`.
TokenPlace SetFirstPin(const TokenPlace& old, CK_SLOT_ID slot, std::string_view label, const Before& before,
                       const PinToSend& so_pin, const std::optional<Secret>& pin) {
  try {
    TokenPlace made = old.handle->module->Retry([&] { return LookAfter(old, slot, label, before); });
    PinSession(*made.handle, CKU_SO, so_pin.Clone()).InitPin(pin);
    return made;
  } catch (const Error& error) {
    const Error partial = WithDetail(
        error, fmt::format("; the token has its label {} and the security officer's PIN now, but no user PIN",
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

}  // namespace

TokenPlace Initialise(const TokenPlace& place, std::string_view label, const PinToSend& so_pin,
                      const std::optional<Secret>& pin) {
  const TokenHandle& handle = *place.handle;
  if (!place.initialised) CheckNewPin(handle.name.info, CKU_SO, so_pin.pin);
  CheckNewPin(handle.name.info, CKU_USER, pin);
  // Work that may outlive its caller owns the PINs.
  struct Pins {
    PinToSend officer;
    std::optional<Secret> user;
  };
  const auto pins =
      std::make_shared<Pins>(Pins{so_pin.Clone(), pin ? std::optional<Secret>(pin->Clone()) : std::nullopt});
  return handle.guard->Run([place, label = std::string(label), pins] {
    const Before before = LookBefore(*place.handle->module);
    const CK_SLOT_ID slot = InitToken(place, label, pins->officer);
    return SetFirstPin(place, slot, label, before, pins->officer, pins->user);
  });
}

}  // namespace signet::inline pkcs11

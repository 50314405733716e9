#include "pkcs11/token/place.h"

#include "pkcs11/module/rv.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace signet::inline pkcs11 {

void Place::Hint(CK_SLOT_ID slot) noexcept {
  hint_ = slot;
  seen_ = true;
  finding_number_.fetch_add(1);
  known_.store(true, std::memory_order_release);
}

CK_SLOT_ID Place::Slot() {
  if (known_.load(std::memory_order_acquire)) [[likely]]
    return hint_.load();
  const Turns::Turn turn(finding_);
  if (!known_.load(std::memory_order_acquire)) Hint(Find());
  return hint_.load();
}

CK_TOKEN_INFO Place::Look(CK_SLOT_ID slot) const {
  const CK_TOKEN_INFO info = context_.module->TokenInfo(slot);
  if (!context_.name.Fits(slot, info)) throw RvError(CKR_TOKEN_NOT_PRESENT, "C_GetTokenInfo", context_.label);
  return info;
}

Place::Seen Place::LookEverywhere() const {
  Seen seen;
  for (const CK_SLOT_ID slot : context_.module->SlotsWithToken()) {
    try {
      if (context_.name.Fits(slot, context_.module->TokenInfo(slot))) seen.slots.push_back(slot);
    } catch (const Error& error) {
      if (StalenessOf(error) == Staleness::kModule) throw;
      // A token that was just removed is absent; another problem may belong to another token.
      if (StalenessOf(error) != Staleness::kPlace && !seen.trouble) seen.trouble = error;
    }
  }
  return seen;
}

CK_SLOT_ID Place::Find() const {
  const std::uint64_t initialisation = context_.module->initialisation();
  auto [found, trouble] = LookEverywhere();
  // A forked child's module may have read its files while another process wrote them.
  if (found.empty() && !seen_ && context_.module->Renew(initialisation)) {
    Seen again = LookEverywhere();
    found = std::move(again.slots);
    trouble = std::move(again.trouble);
  }
  if (found.size() == 1) return found.front();
  if (seen_ && std::ranges::find(found, hint_.load()) != found.end()) return hint_.load();
  if (!found.empty()) {
    throw Error({.code = ErrorCode::kAmbiguous,
                 .detail = fmt::format("{} slots show a token {} with serial number {}", found.size(),
                                       context_.label, TextOf(context_.name.info.serialNumber)),
                 .token = context_.label,
                 .hint = fmt::format("Name the slot in the URI: slot-id={}.", found.front())});
  }
  if (trouble) throw *std::move(trouble);
  throw Error({.code = ErrorCode::kTokenAbsent,
               .detail = fmt::format("the token {} with serial number {} is no longer present",
                                     context_.label, TextOf(context_.name.info.serialNumber)),
               .token = context_.label,
               .hint = "Reinsert the token, or restart its service."});
}

}  // namespace signet::inline pkcs11

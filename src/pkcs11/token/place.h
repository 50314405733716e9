#pragma once

#include "pkcs11/token/token_context.h"
#include "process/turns.h"

#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

namespace signet::inline pkcs11 {

// Place is the last known slot of a token, a hint that every session that is
// opened there checks. Thread-safe.
class Place {
 public:
  explicit Place(const TokenContext& context) : context_(context) {}

  // Hint sets the slot in which the token was just seen.
  void Hint(CK_SLOT_ID slot) noexcept;
  CK_SLOT_ID Hint() const noexcept { return hint_.load(); }
  // finding is a number that differs after each time that the token was found; Forget does nothing if it
  // is not `seen` any more: another thread has looked since.
  std::uint64_t finding() const noexcept { return finding_number_.load(std::memory_order_acquire); }
  void Forget(std::uint64_t seen) noexcept {
    if (finding() == seen) known_ = false;
  }
  // Slot gives the hint, or asks the module for its slots and looks for the token in each. Throws Error
  // kTokenAbsent, or the trouble of a slot that might have it, or kAmbiguous if several slots do.
  CK_SLOT_ID Slot();
  // Look reads the token's info at `slot`; throws an Error with CKR_TOKEN_NOT_PRESENT where another token is
  // there by now.
  CK_TOKEN_INFO Look(CK_SLOT_ID slot) const;

 private:
  struct Seen {
    std::vector<CK_SLOT_ID> slots;
    std::optional<Error> trouble;  // of a slot that might have the token
  };
  Seen LookEverywhere() const;
  CK_SLOT_ID Find() const;

  const TokenContext& context_;
  Turns finding_;
  std::atomic<bool> known_{false};
  std::atomic<std::uint64_t> finding_number_{0};
  std::atomic<bool> seen_{false};  // hint_ was set once
  std::atomic<CK_SLOT_ID> hint_{0};
};

}  // namespace signet::inline pkcs11

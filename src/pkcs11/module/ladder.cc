#include "pkcs11/module/ladder.h"

namespace signet::inline pkcs11 {

Rung Ladder::FirstUnclimbed(std::initializer_list<Rung> rungs) const noexcept {
  for (const Rung rung : rungs) {
    if (!Climbed(rung)) return rung;
  }
  return Rung::kFail;
}

Rung Ladder::Choose(const Failure& failure) const noexcept {
  using enum Rung;
  const bool finding = failure.stage == Stage::kFind || failure.stage == Stage::kOpen;
  switch (failure.staleness) {
    case Staleness::kNone:
      return kFail;
    case Staleness::kSession:
    case Staleness::kOperation:
      return FirstUnclimbed({kSession, kSessions, kPlace});
    case Staleness::kLogin:
      return logins_ < kMostLoginRenewals ? kLogin : kFail;
    case Staleness::kObjects:
      return FirstUnclimbed({kObjects, kPlace});
    case Staleness::kPlace:
      // What is found and then said to be absent, or cannot be looked for, is not the token's matter.
      return finding ? FirstUnclimbed({kPlace, kModule}) : FirstUnclimbed({kPlace});
    case Staleness::kModule:
      return FirstUnclimbed({kModule});
    case Staleness::kUnknown:
      break;
  }
  // A module that lost its daemon reports this while slots are found or sessions opened, again and again.
  return failure.in_a_row || finding ? FirstUnclimbed({kSession, kPlace, kModule})
                                     : FirstUnclimbed({kSession, kPlace});
}

Rung Ladder::Next(const Failure& failure) noexcept {
  const Rung rung = Choose(failure);
  if (rung == Rung::kLogin) ++logins_;
  climbed_ |= std::uint32_t{1} << static_cast<unsigned>(rung);
  return rung;
}

bool Ladder::WouldRetry(const Failure& failure) const noexcept { return Choose(failure) != Rung::kFail; }

}  // namespace signet::inline pkcs11

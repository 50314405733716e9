#include "pkcs11/module/ladder.h"

namespace signet {

Rung Ladder::FirstUnclimbed(std::initializer_list<Rung> rungs) const noexcept {
  for (const Rung rung : rungs) {
    if (!Climbed(rung)) return rung;
  }
  return Rung::kFail;
}

Rung Ladder::Choose(const Failure& failure) const noexcept {
  using enum Rung;
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
      return FirstUnclimbed({kPlace});
    case Staleness::kModule:
      return FirstUnclimbed({kModule});
    case Staleness::kUnknown:
      break;
  }
  // A module that lost its daemon says so while slots are found or sessions opened, again and again.
  const bool may_be_module =
      failure.in_a_row || failure.stage == Stage::kFind || failure.stage == Stage::kOpen;
  return may_be_module ? FirstUnclimbed({kSession, kPlace, kModule}) : FirstUnclimbed({kSession, kPlace});
}

Rung Ladder::Next(const Failure& failure) noexcept {
  const Rung rung = Choose(failure);
  if (rung == Rung::kLogin) ++logins_;
  climbed_ |= std::uint32_t{1} << static_cast<unsigned>(rung);
  return rung;
}

bool Ladder::WouldRetry(const Failure& failure) const noexcept { return Choose(failure) != Rung::kFail; }

}  // namespace signet

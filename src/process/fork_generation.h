#pragma once

#include <cstdint>

namespace signet::inline process {

// ForkGeneration is a number that differs between a process and its forked children: what was made under
// another number belongs to the parent. Two loads and a compare; no system call.
std::uint64_t ForkGeneration() noexcept;

// AbandonedInChild is the base of what a forked child inherits and must neither use nor destroy.
struct AbandonedInChild {
  AbandonedInChild* next_abandoned = nullptr;
};

// AbandonToParent keeps `object` reachable permanently, so that leak checkers do not report it.
void AbandonToParent(AbandonedInChild& object) noexcept;

}  // namespace signet::inline process

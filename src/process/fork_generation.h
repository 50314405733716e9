#pragma once

#include <cstdint>

namespace signet {

// ForkGeneration is a number that differs between a process and its forked children: what was made under another
// number belongs to the parent. Two loads and a compare; no system call.
std::uint64_t ForkGeneration() noexcept;

}  // namespace signet

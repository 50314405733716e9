#pragma once

#include <cstddef>
#include <cstdint>

// Masks instead of branches, for what must not show in the time it takes. A mask is all ones or all zeros.
namespace signet::inline identity::constant_time {

using Mask = std::size_t;

// Barrier keeps the compiler from seeing that a value is one of two, and branching on it.
inline std::size_t Barrier(std::size_t value) noexcept {
  __asm__("" : "+r"(value));
  return value;
}

inline Mask IsZero(std::size_t a) noexcept {
  a = Barrier(a);
  return Barrier(std::size_t{0} - ((~a & (a - 1)) >> (8 * sizeof a - 1)));
}
inline Mask Equal(std::size_t a, std::size_t b) noexcept { return IsZero(a ^ b); }
inline Mask Less(std::size_t a, std::size_t b) noexcept {
  a = Barrier(a);
  const std::size_t less = (a ^ ((a ^ b) | ((a - b) ^ b))) >> (8 * sizeof a - 1);
  return Barrier(std::size_t{0} - less);
}
inline std::size_t Select(Mask mask, std::size_t yes, std::size_t no) noexcept {
  mask = Barrier(mask);
  return (mask & yes) | (~mask & no);
}
inline std::uint8_t Select8(Mask mask, std::uint8_t yes, std::uint8_t no) noexcept {
  return static_cast<std::uint8_t>(Select(mask, yes, no));
}

}  // namespace signet::inline identity::constant_time

#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace signet::inline base {

// EditDistance counts the letters to insert, drop or replace that lead from one word to the other.
std::size_t EditDistance(std::string_view a, std::string_view b);

// Nearest gives the name that `typed` begins or ends, or that differs least from it; nothing if none is
// near enough to be meant.
std::optional<std::string_view> Nearest(std::string_view typed, std::span<const std::string_view> names);

}  // namespace signet::inline base

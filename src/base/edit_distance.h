#pragma once

#include <cstddef>
#include <string_view>

namespace signet {

// EditDistance counts the letters to insert, drop or replace that lead from one word to the other.
std::size_t EditDistance(std::string_view a, std::string_view b);

}  // namespace signet

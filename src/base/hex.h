#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace signet::inline base {

// HexEncode writes `bytes` in lower-case hexadecimal, two digits a byte.
std::string HexEncode(std::span<const std::uint8_t> bytes);

}  // namespace signet::inline base

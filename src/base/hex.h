#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace signet {

// HexEncode writes `bytes` in lower-case hexadecimal, two digits a byte.
std::string HexEncode(std::span<const std::uint8_t> bytes);

}  // namespace signet

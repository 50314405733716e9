#pragma once

#include <string>
#include <string_view>

namespace signet::tool {

// Printable gives text of strangers (names in certificates, labels of tokens) as it may go to a terminal or a
// line of a log: control characters but the newlines that `lines` allows are written as \xNN.
enum class Lines { kOne, kMany };
std::string Printable(std::string_view text, Lines lines = Lines::kOne);

}  // namespace signet::tool

#pragma once

#include <string>
#include <string_view>

namespace signet::inline base {

// Printable converts untrusted text (names in certificates, labels of tokens, lines of a server) so that it
// may go to a terminal or into a line of a log: control characters but the newlines that `lines` allows,
// bytes that are no UTF-8, and characters that reorder or break a line are written as \xNN or \uNNNN.
enum class Lines { kOne, kMany };
std::string Printable(std::string_view text, Lines lines = Lines::kOne);

// PrintableJson does the same for a JSON document, as \uNNNN, which leaves its meaning as it is.
std::string PrintableJson(std::string_view document);

}  // namespace signet::inline base

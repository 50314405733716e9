#include "tool/printable.h"

#include <fmt/format.h>

namespace signet::tool {

std::string Printable(std::string_view text, Lines lines) {
  std::string printable;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    // U+0080 to U+009F are controls too, which UTF-8 writes as C2 80 to C2 9F.
    const bool high = byte >= 0x80 && byte < 0xa0 && i > 0 && text[i - 1] == '\xc2';
    const bool newline = byte == '\n' && lines == Lines::kMany;
    if ((byte < 0x20 || byte == 0x7f || high) && !newline) {
      if (high) printable.pop_back();
      printable += fmt::format("\\x{:02x}", byte);
    } else {
      printable += text[i];
    }
  }
  return printable;
}

}  // namespace signet::tool

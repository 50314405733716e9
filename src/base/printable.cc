#include "base/printable.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>

#include <fmt/format.h>

namespace signet::inline base {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

// What a terminal obeys instead of showing it, beyond ASCII.
constexpr Range kObeyed[] = {
    {0x80, 0x9f},      // C1 controls
    {0x61c, 0x61c},    // Arabic letter mark
    {0x200b, 0x200f},  // no width; left-to-right and right-to-left marks
    {0x2028, 0x202e},  // line and paragraph separators, embeddings and overrides
    {0x2060, 0x2069},  // no width; isolates
    {0xfeff, 0xfeff},  // byte order mark
};

bool IsObeyed(char32_t character) {
  if (character < 0x20 || character == 0x7f) return true;
  return std::ranges::any_of(
      kObeyed, [&](const Range& range) { return character >= range.first && character <= range.last; });
}

struct Decoded {
  char32_t character;
  std::size_t size;  // bytes
};

// DecodeFirst reads one character of UTF-8 (RFC 3629); nothing if the bytes are none.
std::optional<Decoded> DecodeFirst(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return Decoded{lead, 1};
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return std::nullopt;
  char32_t character = lead & (0x7f >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return std::nullopt;
    character = (character << 6) | (byte(i) & 0x3f);
  }
  constexpr char32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = character >= 0xd800 && character <= 0xdfff;
  if (character < kSmallest[size] || character > 0x10ffff || surrogate) return std::nullopt;
  return Decoded{character, size};
}

}  // namespace

std::string Printable(std::string_view text, Lines lines) {
  std::string printable;
  while (!text.empty()) {
    const auto first = DecodeFirst(text);
    const std::size_t size = first ? first->size : 1;
    const bool newline = text.front() == '\n' && lines == Lines::kMany;
    if (first && (newline || !IsObeyed(first->character))) {
      printable += text.substr(0, size);
    } else if (!first || first->character < 0x100) {
      const auto byte = first ? static_cast<unsigned>(first->character) : static_cast<unsigned char>(text[0]);
      printable += fmt::format("\\x{:02x}", byte);
    } else {
      printable += fmt::format("\\u{:04x}", static_cast<unsigned>(first->character));
    }
    text.remove_prefix(size);
  }
  return printable;
}

std::string PrintableJson(std::string_view document) {
  std::string printable;
  while (!document.empty()) {
    const auto first = DecodeFirst(document);
    const std::size_t size = first ? first->size : 1;
    if (first && first->character >= 0x7f && IsObeyed(first->character)) {
      printable += fmt::format("\\u{:04x}", static_cast<unsigned>(first->character));
    } else {
      printable += document.substr(0, size);
    }
    document.remove_prefix(size);
  }
  return printable;
}

}  // namespace signet::inline base

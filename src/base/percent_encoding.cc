#include "base/percent_encoding.h"

#include <cstdint>

namespace signet::inline base {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Decode calls `put` for each decoded byte; false for a malformed escape.
template <class Put>
bool Decode(std::string_view text, Put put) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      put(text[i]);
      continue;
    }
    if (i + 2 >= text.size()) return false;
    const int high = HexDigit(text[i + 1]);
    const int low = HexDigit(text[i + 2]);
    if (high < 0 || low < 0) return false;
    put(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return true;
}

bool IsUnreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

}  // namespace

std::optional<std::string> PercentDecode(std::string_view text) {
  std::string decoded;
  if (!Decode(text, [&](char c) { decoded += c; })) return std::nullopt;
  return decoded;
}

std::optional<Secret> PercentDecodeSecret(std::string_view text) {
  Secret decoded = Secret::OfSize(text.size());
  std::size_t size = 0;
  if (!Decode(text, [&](char c) { decoded.writable()[size++] = c; })) return std::nullopt;
  decoded.Shrink(size);
  return decoded;
}

std::string PercentEncode(std::string_view bytes, std::string_view also_plain) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : bytes) {
    if (IsUnreserved(c) || also_plain.find(c) != std::string_view::npos) {
      encoded += c;
    } else {
      encoded += '%';
      encoded += kDigits[static_cast<std::uint8_t>(c) >> 4];
      encoded += kDigits[static_cast<std::uint8_t>(c) & 15];
    }
  }
  return encoded;
}

}  // namespace signet::inline base

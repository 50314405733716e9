#include "pkcs12/password.h"

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace signet::inline pkcs12 {
namespace {

// BmpWriter appends 16-bit units, big-endian.
class BmpWriter {
 public:
  explicit BmpWriter(std::size_t units) : bmp_(Secret::OfSize(units * 2)) {}
  void Put(std::uint32_t unit) {
    bmp_.writable()[size_++] = static_cast<char>(unit >> 8);
    bmp_.writable()[size_++] = static_cast<char>(unit);
  }
  Secret Finish() {
    Put(0);
    bmp_.Shrink(size_);
    return std::move(bmp_);
  }

 private:
  Secret bmp_;
  std::size_t size_ = 0;
};

// NextCodePoint takes one UTF-8 sequence (RFC 3629) off `text`; nothing if it is invalid.
std::optional<std::uint32_t> NextCodePoint(std::string_view& text) {
  static constexpr std::uint32_t kSmallest[] = {0, 0x80, 0x800, 0x10000};
  const auto lead = static_cast<std::uint8_t>(text.front());
  const std::size_t more = lead < 0x80 ? 0 : lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
  if ((lead >= 0x80 && lead < 0xc2) || lead > 0xf4 || text.size() <= more) return std::nullopt;
  std::uint32_t point = more == 0 ? lead : lead & (0x3fU >> more);
  for (std::size_t i = 1; i <= more; ++i) {
    const auto byte = static_cast<std::uint8_t>(text[i]);
    if ((byte & 0xc0) != 0x80) return std::nullopt;
    point = point << 6 | (byte & 0x3f);
  }
  if (point < kSmallest[more] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return std::nullopt;
  text.remove_prefix(more + 1);
  return point;
}

// Utf8ToBmp gives nothing for text that is not UTF-8. Characters beyond the BMP become surrogate pairs, as in
// every program that takes them.
std::optional<Secret> Utf8ToBmp(std::string_view text) {
  BmpWriter writer(text.size() + 1);
  while (!text.empty()) {
    const std::optional<std::uint32_t> point = NextCodePoint(text);
    if (!point) return std::nullopt;
    if (*point >= 0x10000) {
      writer.Put(0xd800 + ((*point - 0x10000) >> 10));
      writer.Put(0xdc00 + ((*point - 0x10000) & 0x3ff));
    } else {
      writer.Put(*point);
    }
  }
  return writer.Finish();
}

// BytesToBmp takes every byte for a character: Latin-1, and what OpenSSL before 1.1 did with UTF-8.
Secret BytesToBmp(std::string_view text) {
  BmpWriter writer(text.size() + 1);
  for (const char c : text) writer.Put(static_cast<std::uint8_t>(c));
  return writer.Finish();
}

// BmpToLatin1 gives nothing if a character is beyond Latin-1.
std::optional<Secret> BmpToLatin1(const Secret& bmp) {
  const std::string_view units = bmp.view();
  Secret latin1 = Secret::OfSize(units.size() / 2 - 1);
  for (std::size_t i = 0; i < latin1.size(); ++i) {
    if (units[2 * i] != 0) return std::nullopt;
    latin1.writable()[i] = units[2 * i + 1];
  }
  return latin1;
}

bool IsAscii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<std::uint8_t>(c) < 0x80; });
}

}  // namespace

std::vector<Password> PasswordForms(const std::optional<Secret>& password) {
  std::vector<Password> forms;
  if (!password || password->view().empty()) {
    forms.emplace_back();
    forms.push_back({.utf8 = Secret(), .bmp = BytesToBmp({})});
    return forms;
  }
  if (std::optional<Secret> bmp = Utf8ToBmp(password->view())) {
    forms.push_back({.utf8 = password->Clone(), .bmp = std::move(*bmp)});
  }
  const bool is_utf8 = !forms.empty();
  if (!IsAscii(password->view())) {
    forms.push_back({.utf8 = password->Clone(), .bmp = BytesToBmp(password->view())});
    if (std::optional<Secret> latin1 = is_utf8 ? BmpToLatin1(forms.front().bmp) : std::nullopt) {
      forms.push_back({.utf8 = std::move(*latin1), .bmp = forms.front().bmp.Clone()});
    }
  }
  return forms;
}

Password NssPassword(const Password& password) {
  return {.utf8 = password.bmp.Clone(), .bmp = password.bmp.Clone()};
}

}  // namespace signet::inline pkcs12

#include "pkcs12/armour.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <openssl/evp.h>

namespace signet::inline pkcs12 {
namespace {

std::string_view View(Bytes bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
Bytes BytesOf(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

bool IsSpace(std::uint8_t c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }

// PemBody takes the next PEM block off `text` and gives what stands between its two lines; empty if none
// is left.
std::string_view PemBody(std::string_view& text) {
  static constexpr std::string_view kBegin = "-----BEGIN ";
  static constexpr std::string_view kEnd = "-----END ";
  static constexpr std::string_view kDashes = "-----";
  const std::size_t begin = text.find(kBegin);
  if (begin == std::string_view::npos) return {};
  text.remove_prefix(begin + kBegin.size());
  const std::size_t label_end = text.find(kDashes);
  if (label_end == std::string_view::npos) return {};
  text.remove_prefix(label_end + kDashes.size());
  const std::string_view body = text.substr(0, text.find(kEnd));
  text.remove_prefix(body.size());
  return body;
}

// IsUnmarkedUtf16 tells text of ASCII characters in 16 bits each, of either byte order, without a mark before
// it.
bool IsUnmarkedUtf16(Bytes file) noexcept {
  constexpr std::size_t kLookedAt = 32;
  const Bytes head = file.first(std::min(file.size() & ~std::size_t{1}, kLookedAt));
  const auto zero_at = [&](std::size_t which) {
    for (std::size_t i = 0; i < head.size(); i += 2) {
      if (head[i + which] != 0 || head[i + 1 - which] == 0) return false;
    }
    return head.size() >= 4;
  };
  return zero_at(0) || zero_at(1);
}

}  // namespace

bool BeginsLikePkcs12(Bytes file) noexcept {
  static constexpr std::array<std::uint8_t, 4> kVersion3 = {0x02, 0x01, 0x03, 0x30};
  if (file.size() < 2 || file[0] != static_cast<std::uint8_t>(BerTag::kSequence)) return false;
  const std::size_t header = file[1] <= 0x80 ? 2 : 2 + (file[1] & 0x7fU);
  if (header > 10 || file.size() < header + kVersion3.size()) return false;
  return std::ranges::equal(file.subspan(header, kVersion3.size()), kVersion3);
}

WipedBytes AsText(Bytes file) {
  const std::string_view view = View(file);
  const bool marked = view.starts_with("\xff\xfe") || view.starts_with("\xfe\xff");
  const bool utf16 = marked || IsUnmarkedUtf16(file);
  if (marked) file = file.subspan(2);
  if (view.starts_with("\xef\xbb\xbf")) file = file.subspan(3);
  std::vector<std::uint8_t> narrow;
  if (utf16) {
    std::ranges::copy_if(file, std::back_inserter(narrow), [](std::uint8_t byte) { return byte != 0; });
    file = narrow;
  }
  while (!file.empty() && IsSpace(file.front())) file = file.subspan(1);
  while (!file.empty() && IsSpace(file.back())) file = file.first(file.size() - 1);
  const WipedBytes wiped(std::move(narrow));
  return WipedBytes(std::vector<std::uint8_t>(file.begin(), file.end()));
}

WipedBytes FromBase64(Bytes text) {
  // Four characters at a time, so that white space and missing padding are of no account.
  std::vector<std::uint8_t> decoded;
  decoded.reserve(text.size() / 4 * 3 + 3);
  std::array<std::uint8_t, 4> quad{};
  std::array<std::uint8_t, 3> bytes{};
  std::size_t filled = 0;
  std::size_t padding = 0;
  const auto flush = [&] {
    if (EVP_DecodeBlock(bytes.data(), quad.data(), 4) != 3) return false;
    decoded.insert(decoded.end(), bytes.begin(), bytes.end());
    filled = 0;
    return true;
  };
  const auto fail = [&] {
    WipedBytes wiped(std::move(decoded));
    return WipedBytes();
  };
  for (const std::uint8_t c : text) {
    if (IsSpace(c)) continue;
    if (c == '=' ? ++padding > 2 : padding != 0) return fail();
    quad[filled++] = c == '-' ? '+' : c == '_' ? '/' : c;
    if (filled == 4 && !flush()) return fail();
  }
  if (filled == 1) return fail();
  if (filled != 0) {
    padding = 4 - filled;
    std::fill(quad.begin() + static_cast<std::ptrdiff_t>(filled), quad.end(), '=');
    if (!flush()) return fail();
  }
  OPENSSL_cleanse(quad.data(), quad.size());
  OPENSSL_cleanse(bytes.data(), bytes.size());
  decoded.resize(decoded.size() - std::min(padding, decoded.size()));
  return WipedBytes(std::move(decoded));
}

WipedBytes Unarmoured(Bytes file) {
  if (file.empty() || file.front() == static_cast<std::uint8_t>(BerTag::kSequence)) return {};
  const WipedBytes text = AsText(file);
  std::string_view rest = View(text.bytes());
  if (WipedBytes alone = FromBase64(text.bytes()); BeginsLikePkcs12(alone.bytes())) return alone;
  for (std::string_view body = PemBody(rest); !body.empty(); body = PemBody(rest)) {
    if (WipedBytes inside = FromBase64(BytesOf(body)); BeginsLikePkcs12(inside.bytes())) return inside;
  }
  return {};
}

}  // namespace signet::inline pkcs12

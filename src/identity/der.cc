#include "identity/der.h"

#include <algorithm>

namespace signet::inline identity {
namespace {

// IntegerSize is the length of the content: one zero byte more where the first bit is set.
std::size_t IntegerSize(std::span<const std::uint8_t> stripped) {
  return stripped.size() + ((stripped.front() & 0x80) != 0 ? 1 : 0);
}

std::uint8_t* PutInteger(std::span<const std::uint8_t> stripped, std::uint8_t* to) {
  *to++ = 0x02;
  *to++ = static_cast<std::uint8_t>(IntegerSize(stripped));
  if ((stripped.front() & 0x80) != 0) *to++ = 0;
  return std::ranges::copy(stripped, to).out;
}

}  // namespace

std::span<const std::uint8_t> WithoutLeadingZeros(std::span<const std::uint8_t> number) {
  const auto first = std::ranges::find_if(number, [](std::uint8_t byte) { return byte != 0; });
  return number.subspan(static_cast<std::size_t>(first - number.begin()));
}

std::vector<std::uint8_t> DerWrap(std::uint8_t tag, std::span<const std::uint8_t> content) {
  std::vector<std::uint8_t> der{tag};
  if (content.size() < 0x80) {
    der.push_back(static_cast<std::uint8_t>(content.size()));
  } else {
    int bytes = 1;
    while (bytes < 8 && content.size() >> (8 * bytes) != 0) ++bytes;
    der.push_back(static_cast<std::uint8_t>(0x80 | bytes));
    while (bytes-- > 0) der.push_back(static_cast<std::uint8_t>(content.size() >> (8 * bytes)));
  }
  der.insert(der.end(), content.begin(), content.end());
  return der;
}

std::vector<std::uint8_t> DerInteger(std::span<const std::uint8_t> number) {
  const auto stripped = WithoutLeadingZeros(number);
  std::vector<std::uint8_t> content;
  if (stripped.empty() || (stripped.front() & 0x80) != 0) content.push_back(0);
  content.insert(content.end(), stripped.begin(), stripped.end());
  return DerWrap(0x02, content);
}

std::optional<std::span<const std::uint8_t>> DerTake(std::uint8_t tag, std::span<const std::uint8_t>& rest) {
  if (rest.size() < 2 || rest[0] != tag) return std::nullopt;
  std::size_t size = rest[1];
  std::size_t header = 2;
  if (size >= 0x80) {
    const std::size_t bytes = size & 0x7f;
    if (bytes == 0 || bytes > 4 || rest.size() < 2 + bytes) return std::nullopt;
    size = 0;
    for (std::size_t i = 0; i < bytes; ++i) size = size << 8 | rest[2 + i];
    header += bytes;
  }
  if (size > rest.size() - header) return std::nullopt;
  const auto content = rest.subspan(header, size);
  rest = rest.subspan(header + size);
  return content;
}

std::span<const std::uint8_t> DerContent(std::uint8_t tag, std::span<const std::uint8_t> der) {
  const auto content = DerTake(tag, der);
  return content && der.empty() ? *content : std::span<const std::uint8_t>();
}

std::size_t DerSize(std::span<const std::uint8_t> bytes) noexcept {
  auto rest = bytes;
  return DerTake(kSequence, rest) ? bytes.size() - rest.size() : 0;
}

std::size_t EcdsaToDer(std::span<const std::uint8_t> raw, std::span<std::uint8_t> der) {
  if (raw.empty() || raw.size() % 2 != 0 || raw.size() > 2 * 120) return 0;
  const auto r = WithoutLeadingZeros(raw.first(raw.size() / 2));
  const auto s = WithoutLeadingZeros(raw.last(raw.size() / 2));
  if (r.empty() || s.empty()) return 0;
  const std::size_t content = 4 + IntegerSize(r) + IntegerSize(s);
  const std::size_t total = content + (content < 0x80 ? 2 : 3);
  if (der.size() < total) return 0;
  std::uint8_t* to = der.data();
  *to++ = 0x30;
  if (content >= 0x80) *to++ = 0x81;
  *to++ = static_cast<std::uint8_t>(content);
  PutInteger(s, PutInteger(r, to));
  return total;
}

}  // namespace signet::inline identity

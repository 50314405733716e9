#include "pkcs12/ber.h"

#include <signet/error.h>

#include <algorithm>
#include <cstdint>
#include <limits>

#include <fmt/format.h>

namespace signet::inline pkcs12 {
namespace {

constexpr int kMaxDepth = 32;
constexpr std::uint8_t kConstructedBit = 0x20;

struct Header {
  std::uint8_t tag;
  std::size_t size;    // of the header
  std::size_t length;  // of the content
  bool indefinite;
};

[[noreturn]] void ThrowTruncated(std::string_view what) {
  ThrowMalformed(fmt::format("{} is incomplete: the file is truncated or damaged", what));
}

Header ReadHeader(Bytes bytes, std::string_view what) {
  if (bytes.size() < 2) ThrowTruncated(what);
  Header header{.tag = bytes[0], .size = 2, .length = bytes[1], .indefinite = false};
  if ((header.tag & 0x1f) == 0x1f)
    ThrowMalformed(fmt::format("{} has a tag that PKCS#12 does not use", what));
  if (bytes[1] == 0x80) {
    if ((header.tag & kConstructedBit) == 0) ThrowMalformed(fmt::format("{} has no length", what));
    header.indefinite = true;
    header.length = 0;
  } else if (bytes[1] > 0x80) {
    const std::size_t count = bytes[1] & 0x7f;
    if (count > 8) ThrowMalformed(fmt::format("{} has an impossible length", what));
    if (bytes.size() < 2 + count) ThrowTruncated(what);
    header.size += count;
    header.length = 0;
    for (std::size_t i = 0; i < count; ++i) header.length = header.length << 8 | bytes[2 + i];
  }
  if (!header.indefinite && header.length > bytes.size() - header.size) ThrowTruncated(what);
  return header;
}

// IndefiniteLength counts the content octets up to the end-of-contents that closes it.
std::size_t IndefiniteLength(Bytes bytes, std::string_view what, int depth) {
  if (depth > kMaxDepth)
    ThrowMalformed(fmt::format("{} is nested more than {} levels deep", what, kMaxDepth));
  std::size_t position = 0;
  for (;;) {
    const Header header = ReadHeader(bytes.subspan(position), what);
    if (header.tag == 0 && header.length == 0 && !header.indefinite) return position;
    position += header.size + header.length;
    if (header.indefinite) position += IndefiniteLength(bytes.subspan(position), what, depth + 1) + 2;
  }
}

// ForEachSegment calls `put` with the pieces of a constructed OCTET STRING (X.690 section 8.7.3), in order.
template <class Put>
void ForEachSegment(Bytes content, std::string_view what, int depth, const Put& put) {
  if (depth > kMaxDepth)
    ThrowMalformed(fmt::format("{} is nested more than {} levels deep", what, kMaxDepth));
  BerReader reader(content);
  while (!reader.done()) {
    const BerElement segment = reader.Next(what);
    if (segment.tag == BerTag::kOctetString) {
      put(segment.content);
    } else if (segment.tag == BerTag::kConstructedOctetString) {
      ForEachSegment(segment.content, what, depth + 1, put);
    } else {
      ThrowMalformed(fmt::format("{} has segments that are not octet strings", what));
    }
  }
}

}  // namespace

void ThrowMalformed(std::string detail) {
  throw Error(
      {.code = ErrorCode::kMalformed,
       .detail = std::move(detail),
       .hint = "Check that the file is a PKCS#12 file (.p12, .pfx) and is complete; export it again."});
}

BerElement BerReader::Next(std::string_view what) {
  const Header header = ReadHeader(rest_, what);
  const Bytes after = rest_.subspan(header.size);
  const std::size_t length = header.indefinite ? IndefiniteLength(after, what, 0) : header.length;
  const std::size_t whole = header.size + length + (header.indefinite ? 2 : 0);
  const BerElement element{
      .tag = static_cast<BerTag>(header.tag), .content = after.first(length), .whole = rest_.first(whole)};
  rest_ = rest_.subspan(whole);
  return element;
}

BerElement BerReader::Expect(BerTag tag, std::string_view what) {
  const BerElement element = Next(what);
  if (element.tag != tag) {
    ThrowMalformed(fmt::format("{} was expected (tag {:#04x}), but the file has tag {:#04x}", what,
                               static_cast<unsigned>(tag), static_cast<unsigned>(element.tag)));
  }
  return element;
}

BerOctets BerReader::Octets(std::string_view what) {
  const BerElement element = Next(what);
  if (element.tag != BerTag::kOctetString && element.tag != BerTag::kConstructedOctetString) {
    ThrowMalformed(fmt::format("{} is not an octet string", what));
  }
  return OctetsOf(element, what);
}

std::uint64_t BerReader::Unsigned(std::string_view what) {
  Bytes digits = Expect(BerTag::kInteger, what).content;
  if (digits.empty() || (digits.front() & 0x80) != 0) {
    ThrowMalformed(fmt::format("{} is out of range", what));
  }
  while (!digits.empty() && digits.front() == 0) digits = digits.subspan(1);
  if (digits.size() > 8) return std::numeric_limits<std::uint64_t>::max();
  std::uint64_t value = 0;
  for (const std::uint8_t digit : digits) value = value << 8 | digit;
  return value;
}

std::optional<std::uint64_t> BerReader::TryUnsigned(std::string_view what) {
  if (!NextIs(BerTag::kInteger)) return std::nullopt;
  return Unsigned(what);
}

std::string BerReader::Oid(std::string_view what) {
  const Bytes content = Expect(BerTag::kOid, what).content;
  std::string dotted;
  std::uint64_t arc = 0;
  bool inside = false;
  for (const std::uint8_t byte : content) {
    if (arc > std::numeric_limits<std::uint64_t>::max() >> 7)
      ThrowMalformed(fmt::format("{} is not an OID", what));
    arc = arc << 7 | (byte & 0x7f);
    inside = (byte & 0x80) != 0;
    if (inside) continue;
    if (dotted.empty()) {
      const std::uint64_t first = std::min<std::uint64_t>(arc / 40, 2);
      dotted = fmt::format("{}.{}", first, arc - first * 40);
    } else {
      dotted += fmt::format(".{}", arc);
    }
    arc = 0;
  }
  if (dotted.empty() || inside) ThrowMalformed(fmt::format("{} is not an OID", what));
  return dotted;
}

BerOctets OctetsOf(const BerElement& element, std::string_view what) {
  if ((static_cast<std::uint8_t>(element.tag) & kConstructedBit) == 0)
    return {.joined = {}, .bytes = element.content};
  std::size_t size = 0;
  ForEachSegment(element.content, what, 0, [&](Bytes piece) { size += piece.size(); });
  BerOctets octets{.joined = Secret::OfSize(size), .bytes = {}};
  auto end = octets.joined.writable().begin();
  ForEachSegment(element.content, what, 0, [&](Bytes piece) { end = std::ranges::copy(piece, end).out; });
  octets.bytes = {reinterpret_cast<const std::uint8_t*>(octets.joined.view().data()), size};
  return octets;
}

}  // namespace signet::inline pkcs12

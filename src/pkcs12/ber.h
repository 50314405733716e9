#pragma once

#include <signet/secret.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace signet::inline pkcs12 {

using Bytes = std::span<const std::uint8_t>;

// BerTag is the identifier octet of the elements that PKCS#12 is made of (X.690 section 8.1.2).
enum class BerTag : std::uint8_t {
  kInteger = 0x02,
  kOctetString = 0x04,
  kNull = 0x05,
  kOid = 0x06,
  kBmpString = 0x1e,
  kConstructedOctetString = 0x24,
  kSequence = 0x30,
  kSet = 0x31,
  kContext0Primitive = 0x80,
  kContext0 = 0xa0,
};

// BerElement is one element; `content` leaves out the end-of-contents octets of an indefinite length.
struct BerElement {
  BerTag tag;
  Bytes content;
  Bytes whole;
};

// BerOctets is the value of an OCTET STRING: a view of the input, or a copy of its segments, wiped when it
// dies.
struct BerOctets {
  Secret joined;
  Bytes bytes;
};

// BerReader walks the elements of one level of BER, which includes DER. It reads both forms of length, copies
// nothing and follows at most 32 levels. Every function throws Error kMalformed naming `what` it looked for.
class BerReader {
 public:
  explicit BerReader(Bytes bytes) noexcept : rest_(bytes) {}

  bool done() const noexcept { return rest_.empty(); }
  // NextIs tells whether the next element has `tag`.
  bool NextIs(BerTag tag) const noexcept {
    return !rest_.empty() && rest_.front() == static_cast<std::uint8_t>(tag);
  }
  // Next reads the next element of any type.
  BerElement Next(std::string_view what);
  // Expect reads the next element, which must have `tag`.
  BerElement Expect(BerTag tag, std::string_view what);
  BerReader Enter(BerTag tag, std::string_view what) { return BerReader(Expect(tag, what).content); }
  // Octets reads an OCTET STRING, in one piece or in segments.
  BerOctets Octets(std::string_view what);
  // Unsigned reads an INTEGER that is not negative; one that is too big for 64 bits comes back as the
  // biggest.
  std::uint64_t Unsigned(std::string_view what);
  std::optional<std::uint64_t> TryUnsigned(std::string_view what);
  // Oid reads an OBJECT IDENTIFIER, in dotted form.
  std::string Oid(std::string_view what);

 private:
  Bytes rest_;
};

// OctetsOf gives the value of an OCTET STRING or of an element with an implicit tag for one.
BerOctets OctetsOf(const BerElement& element, std::string_view what);

[[noreturn]] void ThrowMalformed(std::string detail);

}  // namespace signet::inline pkcs12

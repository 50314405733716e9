#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace signet::inline identity {

// Tags of X.690 section 8.
inline constexpr std::uint8_t kInteger = 0x02;
inline constexpr std::uint8_t kBitString = 0x03;
inline constexpr std::uint8_t kOctetString = 0x04;
inline constexpr std::uint8_t kObjectIdentifier = 0x06;
inline constexpr std::uint8_t kUtf8String = 0x0c;
inline constexpr std::uint8_t kPrintableString = 0x13;
inline constexpr std::uint8_t kSequence = 0x30;

// WithoutLeadingZeros gives the significant bytes of an unsigned big-endian number.
std::span<const std::uint8_t> WithoutLeadingZeros(std::span<const std::uint8_t> number);
// DerWrap puts a tag and a length before `content` (X.690 section 8.1).
std::vector<std::uint8_t> DerWrap(std::uint8_t tag, std::span<const std::uint8_t> content);
// DerInteger encodes an unsigned big-endian number.
std::vector<std::uint8_t> DerInteger(std::span<const std::uint8_t> number);
// DerTake takes one element with `tag` off the front of `rest` and gives its content; nothing, and `rest` as
// it was, if there is none or it is truncated.
std::optional<std::span<const std::uint8_t>> DerTake(std::uint8_t tag, std::span<const std::uint8_t>& rest);
// DerContent gives what is inside when `der` is exactly one element with `tag`, else an empty span.
std::span<const std::uint8_t> DerContent(std::uint8_t tag, std::span<const std::uint8_t> der);

// DerSize gives the length of the DER SEQUENCE at the beginning of `bytes`, header included; 0 if there is
// none, or not all of it.
std::size_t DerSize(std::span<const std::uint8_t> bytes) noexcept;

// EcdsaToDer writes r || s (PKCS#11's form) as Ecdsa-Sig-Value (RFC 3279 section 2.2.3) and returns its
// length; 0 when `raw` is no such signature or `der` is too short. It allocates nothing.
std::size_t EcdsaToDer(std::span<const std::uint8_t> raw, std::span<std::uint8_t> der);

}  // namespace signet::inline identity

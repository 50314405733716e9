#pragma once

#include <signet/error.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace signet::inline handshake {

// ByteReader reads the fields of TLS messages (RFC 8446 section 3) from a span that must outlive it. Every
// function throws Error kMalformed if the bytes end too early.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::uint8_t> bytes) : rest_(bytes) {}

  bool empty() const noexcept { return rest_.empty(); }
  std::span<const std::uint8_t> rest() const noexcept { return rest_; }

  // Number reads an unsigned integer of `size` bytes, at most 4.
  std::uint32_t Number(std::size_t size) {
    std::uint32_t number = 0;
    for (const std::uint8_t byte : Bytes(size)) number = number << 8 | byte;
    return number;
  }
  std::span<const std::uint8_t> Bytes(std::size_t size) {
    if (size > rest_.size()) {
      throw Error({.code = ErrorCode::kMalformed, .detail = "a TLS message is shorter than its fields"});
    }
    const auto bytes = rest_.first(size);
    rest_ = rest_.subspan(size);
    return bytes;
  }
  // Vector reads a vector that is preceded by its length in `length_size` bytes.
  std::span<const std::uint8_t> Vector(std::size_t length_size) { return Bytes(Number(length_size)); }

 private:
  std::span<const std::uint8_t> rest_;
};

}  // namespace signet::inline handshake

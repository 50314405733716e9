#include "pkcs12/private_key_info.h"

#include <signet/error.h>

#include <algorithm>
#include <array>

namespace signet::inline pkcs12 {
namespace {

constexpr std::uint64_t kVersion2 = 1;  // as it is written
constexpr std::array<std::uint8_t, 3> kVersion1 = {0x02, 0x01, 0x00};
constexpr std::size_t kLongestHeader = 6;

// Header gives tag and length of a SEQUENCE of `size` bytes.
Bytes Header(std::size_t size, std::array<std::uint8_t, kLongestHeader>& room) {
  room = {0x30, 0x84};
  for (std::size_t i = 0; i < 4; ++i) room[2 + i] = static_cast<std::uint8_t>(size >> (24 - 8 * i));
  return room;
}

// Body gives the algorithm, the key and the attributes, which are adjacent; nothing unless the
// version is 2.
std::optional<Bytes> Body(Bytes der) {
  BerReader fields = BerReader(der).Enter(BerTag::kSequence, "a private key");
  if (fields.Unsigned("a key's version") != kVersion2) return std::nullopt;
  const Bytes algorithm = fields.Next("a key's algorithm").whole;
  const Bytes key = fields.Next("a key").whole;
  std::size_t size = algorithm.size() + key.size();
  if (fields.NextIs(BerTag::kContext0)) size += fields.Next("a key's attributes").whole.size();
  return Bytes(algorithm.data(), size);
}

}  // namespace

std::optional<Secret> WithoutPublicKey(Bytes der) try {
  const std::optional<Bytes> body = Body(der);
  if (!body || body->size() > der.size()) return std::nullopt;
  std::array<std::uint8_t, kLongestHeader> room;
  const Bytes header = Header(kVersion1.size() + body->size(), room);
  Secret info = Secret::OfSize(header.size() + kVersion1.size() + body->size());
  auto end = std::ranges::copy(header, info.writable().begin()).out;
  end = std::ranges::copy(kVersion1, end).out;
  std::ranges::copy(*body, end);
  return info;
} catch (const Error&) {
  return std::nullopt;
}

}  // namespace signet::inline pkcs12

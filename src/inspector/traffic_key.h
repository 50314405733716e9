#pragma once

#include "base/openssl_ptr.h"
#include <signet/private_key.h>

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace signet::inline inspector {

// TrafficKey opens the records of one direction under one TLS 1.3 traffic secret (RFC 8446 sections 5.2
// and 7.3).
class TrafficKey {
 public:
  // Make gives nothing for a cipher suite that we cannot open.
  static std::optional<TrafficKey> Make(std::uint16_t suite, std::vector<std::uint8_t> secret);

  // Opened is what was in a record, without the padding.
  struct Opened {
    std::uint8_t type;
    std::vector<std::uint8_t> content;
  };
  // Open takes a whole record, header included; nothing if it is not authentic. Each call is for the next
  // record.
  std::optional<Opened> Open(std::span<const std::uint8_t> record);

  // Next gives the key after a KeyUpdate (RFC 8446 section 7.2).
  TrafficKey Next() const;

 private:
  struct Suite;
  TrafficKey(const Suite& suite, std::vector<std::uint8_t> secret);
  static const Suite* FindSuite(std::uint16_t code) noexcept;
  std::vector<std::uint8_t> Expand(std::string_view label, std::size_t size) const;

  const Suite* suite_;
  std::vector<std::uint8_t> secret_;
  std::vector<std::uint8_t> key_;
  std::vector<std::uint8_t> iv_;
  std::uint64_t sequence_ = 0;
};

}  // namespace signet::inline inspector

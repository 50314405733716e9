#pragma once

#include "pkcs12/bags.h"
#include <signet/pin_source.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace signet::inline pkcs12 {

// Pkcs12Uri is a pkcs12: URI:
// pkcs12:PATH;friendly-name=...;local-key-id=...;sha256=...?pin-value=...&pin-source=... The query never gets
// into a string except through `password`, and ToString does not return it.
struct Pkcs12Uri {
  std::string path;
  std::optional<std::string> friendly_name;
  std::optional<std::vector<std::uint8_t>> local_key_id;
  std::optional<std::string> sha256;  // of the leaf's DER, lower-case hex
  PinSource password;

  // Parse throws Error kBadUri, which names what is wrong and never a value.
  static Pkcs12Uri Parse(std::string_view uri);
  // ToString writes the URI without its query.
  std::string ToString() const;
};

}  // namespace signet::inline pkcs12

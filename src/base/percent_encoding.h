#pragma once

#include <signet/secret.h>

#include <optional>
#include <string>
#include <string_view>

namespace signet::inline base {

// PercentDecode undoes RFC 3986 section 2.1; nothing for a malformed escape.
std::optional<std::string> PercentDecode(std::string_view text);
// PercentDecodeSecret is the same for a PIN, which must not pass through a std::string.
std::optional<Secret> PercentDecodeSecret(std::string_view text);
// PercentEncode escapes every byte but RFC 3986's unreserved ones and those in `also_plain`.
std::string PercentEncode(std::string_view bytes, std::string_view also_plain = {});

}  // namespace signet::inline base

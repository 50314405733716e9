#pragma once

#include <cstdint>
#include <span>
#include <string>

#include <openssl/types.h>

namespace signet {

// NameText writes a distinguished name as in RFC 4514, UTF-8.
std::string NameText(const X509_NAME* name);
// NameText of a DER Name that somebody else sent: "malformed name" where it is none.
std::string NameText(std::span<const std::uint8_t> der);

}  // namespace signet

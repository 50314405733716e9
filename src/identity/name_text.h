#pragma once

#include <cstdint>
#include <span>
#include <string>

#include <openssl/types.h>

namespace signet::inline identity {

// NameText writes a distinguished name as in RFC 4514, UTF-8.
std::string NameText(const X509_NAME* name);
// NameText of a DER Name from a peer: "malformed name" if it is invalid.
std::string NameText(std::span<const std::uint8_t> der);
// SameName compares two DER Names as X509_NAME_cmp does (RFC 5280 section 7.1); malformed ones by their
// bytes.
bool SameName(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b);

}  // namespace signet::inline identity

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace signet::inline inspector {

// VersionName gives "TLSv1.3"; hexadecimal for a version that has no name here.
std::string VersionName(std::uint16_t version);
// SuiteName gives the IANA name of a cipher suite, or its number.
std::string SuiteName(std::uint16_t suite);
// GroupName gives the IANA name of a key exchange group, or its number.
std::string GroupName(std::uint16_t group);
// SchemeName gives the IANA name of a signature scheme, or its number if it is unknown.
std::string SchemeName(std::uint16_t scheme);
// CertificateTypeName gives the name of a TLS 1.2 ClientCertificateType, or its number.
std::string CertificateTypeName(std::uint8_t type);
// IsGrease tells the values that a stack offers only to keep the other side tolerant (RFC 8701).
constexpr bool IsGrease(std::uint16_t value) noexcept {
  return (value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff);
}

}  // namespace signet::inline inspector

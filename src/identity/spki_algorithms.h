#pragma once

#include <array>
#include <cstdint>

namespace signet::inline identity {

// What the AlgorithmIdentifier of a SubjectPublicKeyInfo holds, in DER. A named curve's OID follows
// kEcAlgorithm. RFC 8017 appendix A.1, RFC 5480 section 2.1.1, RFC 8410 section 3.
inline constexpr std::array<std::uint8_t, 13> kRsaAlgorithm = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7,
                                                               0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};
inline constexpr std::array<std::uint8_t, 9> kEcAlgorithm = {0x06, 0x07, 0x2a, 0x86, 0x48,
                                                             0xce, 0x3d, 0x02, 0x01};
inline constexpr std::array<std::uint8_t, 5> kEd25519Algorithm = {0x06, 0x03, 0x2b, 0x65, 0x70};
inline constexpr std::array<std::uint8_t, 5> kEd448Algorithm = {0x06, 0x03, 0x2b, 0x65, 0x71};

}  // namespace signet::inline identity

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace signet::inline pkcs11 {

// What PKCS#11 modules write for one and the same key differs. These functions read all forms that are in
// use; an empty result means that the bytes are none of them. Pure.

// CurveOf gives OpenSSL's name of the curve that CKA_EC_PARAMS means: an object identifier, a curve's name as
// a PrintableString or UTF8String (PKCS#11 3.0 section 2.3.3), or explicit parameters of a curve that has a
// name (RFC 5480 section 2.1.1 forbids those in certificates, so the name is what counts). implicitCurve is
// none.
std::string CurveOf(std::span<const std::uint8_t> params);

// UncompressedPoint gives the point of `curve` that CKA_EC_POINT means, uncompressed: the point in an OCTET
// STRING, as the standard wants, in a BIT STRING, or as it is; compressed, hybrid or uncompressed. The length
// of the curve's field decides. Empty if it is invalid; whether an uncompressed one is on the curve is not
// checked.
std::vector<std::uint8_t> UncompressedPoint(const std::string& curve, std::span<const std::uint8_t> value);

// RawPoint gives the point of an Edwards or Montgomery key with `size` bytes, in the same three wrappings.
std::span<const std::uint8_t> RawPoint(std::size_t size, std::span<const std::uint8_t> value);

}  // namespace signet::inline pkcs11

#pragma once

#include <signet/private_key.h>

#include <cstdint>
#include <span>

namespace signet::inline pkcs11 {

// PadPkcs1 fills `block`, as long as the modulus, with EMSA-PKCS1-v1_5 of `content`; throws Error
// kBadArgument if it does not fit.
void PadPkcs1(std::span<const std::uint8_t> content, std::span<std::uint8_t> block);

// PadPss fills `block`, as long as the modulus of `bits` bits, with EMSA-PSS (RFC 8017 section 9.1.1) of a
// digest and a fresh salt; throws Error kBadArgument if it does not fit.
void PadPss(const SigningAlgorithm& algorithm, std::span<const std::uint8_t> digest, int bits,
            std::span<std::uint8_t> block);

}  // namespace signet::inline pkcs11

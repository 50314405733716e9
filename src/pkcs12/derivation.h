#pragma once

#include "pkcs12/algorithms.h"
#include "pkcs12/ber.h"
#include <signet/secret.h>

#include <cstddef>
#include <cstdint>

namespace signet {

// Pkcs12Purpose is the diversifier of RFC 7292 appendix B.3.
enum class Pkcs12Purpose { kKey = 1, kIv = 2, kMac = 3 };

// Each function derives `size` bytes; throws Error kUnsupported where OpenSSL lacks the digest.
Secret DerivePkcs12(const DigestRow& digest, const Secret& bmp_password, Bytes salt, std::uint64_t iterations,
                    Pkcs12Purpose purpose, std::size_t size);
Secret DerivePbkdf2(const DigestRow& prf, const Secret& password, Bytes salt, std::uint64_t iterations,
                    std::size_t size);
Secret DerivePbkdf1(const DigestRow& digest, const Secret& password, Bytes salt, std::uint64_t iterations,
                    std::size_t size);
Secret DeriveScrypt(const Secret& password, Bytes salt, std::uint64_t n, std::uint64_t r, std::uint64_t p,
                    std::size_t size);

}  // namespace signet

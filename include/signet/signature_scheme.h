#pragma once

#include <signet/export.h>

#include <cstdint>
#include <optional>
#include <string_view>

namespace signet {

// SignatureScheme contains the TLS code points (RFC 8446 section 4.2.3, RFC 5246 section 7.4.1.4.1 for the
// SHA-1 and SHA-224 ones, draft-ietf-tls-mldsa for ML-DSA).
enum class SignatureScheme : std::uint16_t {
  kRsaPkcs1Sha1 = 0x0201,
  kEcdsaSha1 = 0x0203,
  kRsaPkcs1Sha224 = 0x0301,
  kEcdsaSha224 = 0x0303,
  kRsaPkcs1Sha256 = 0x0401,
  kEcdsaSecp256r1Sha256 = 0x0403,
  kRsaPkcs1Sha384 = 0x0501,
  kEcdsaSecp384r1Sha384 = 0x0503,
  kRsaPkcs1Sha512 = 0x0601,
  kEcdsaSecp521r1Sha512 = 0x0603,
  kRsaPssRsaeSha256 = 0x0804,
  kRsaPssRsaeSha384 = 0x0805,
  kRsaPssRsaeSha512 = 0x0806,
  kEd25519 = 0x0807,
  kEd448 = 0x0808,
  kRsaPssPssSha256 = 0x0809,
  kRsaPssPssSha384 = 0x080a,
  kRsaPssPssSha512 = 0x080b,
  kMlDsa44 = 0x0904,
  kMlDsa65 = 0x0905,
  kMlDsa87 = 0x0906,
};

// Name returns the IANA name, "rsa_pss_rsae_sha256"; "unknown" for other values.
SIGNET_EXPORT std::string_view Name(SignatureScheme scheme) noexcept;

// SchemeFromName is the inverse of Name.
SIGNET_EXPORT std::optional<SignatureScheme> SchemeFromName(std::string_view name) noexcept;

}  // namespace signet

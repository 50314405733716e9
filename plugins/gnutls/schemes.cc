#include "gnutls/schemes.h"

#include <algorithm>

namespace signet::gnutls {
namespace {

// GnuTLS has two algorithms for each of the EC schemes: of TLS 1.2 with any curve, of TLS 1.3 with one.
constexpr SignRow kRows[] = {
    {GNUTLS_SIGN_RSA_SHA1, 0x0201},
    {GNUTLS_SIGN_ECDSA_SHA1, 0x0203},
    {GNUTLS_SIGN_RSA_SHA224, 0x0301},
    {GNUTLS_SIGN_ECDSA_SHA224, 0x0303},
    {GNUTLS_SIGN_RSA_SHA256, 0x0401},
    {GNUTLS_SIGN_ECDSA_SHA256, 0x0403},
    {GNUTLS_SIGN_ECDSA_SECP256R1_SHA256, 0x0403},
    {GNUTLS_SIGN_RSA_SHA384, 0x0501},
    {GNUTLS_SIGN_ECDSA_SHA384, 0x0503},
    {GNUTLS_SIGN_ECDSA_SECP384R1_SHA384, 0x0503},
    {GNUTLS_SIGN_RSA_SHA512, 0x0601},
    {GNUTLS_SIGN_ECDSA_SHA512, 0x0603},
    {GNUTLS_SIGN_ECDSA_SECP521R1_SHA512, 0x0603},
    {GNUTLS_SIGN_RSA_PSS_RSAE_SHA256, 0x0804},
    {GNUTLS_SIGN_RSA_PSS_RSAE_SHA384, 0x0805},
    {GNUTLS_SIGN_RSA_PSS_RSAE_SHA512, 0x0806},
    {GNUTLS_SIGN_EDDSA_ED25519, 0x0807},
    {GNUTLS_SIGN_EDDSA_ED448, 0x0808},
    {GNUTLS_SIGN_RSA_PSS_SHA256, 0x0809},
    {GNUTLS_SIGN_RSA_PSS_SHA384, 0x080a},
    {GNUTLS_SIGN_RSA_PSS_SHA512, 0x080b},
};

}  // namespace

std::span<const SignRow> SignRows() noexcept { return kRows; }

std::uint16_t SchemeOf(gnutls_sign_algorithm_t algorithm) noexcept {
  const auto* row = std::ranges::find(kRows, algorithm, &SignRow::algorithm);
  return row == std::end(kRows) ? 0 : row->scheme;
}

bool IsEcdsaOfAnyCurve(gnutls_sign_algorithm_t algorithm) noexcept {
  constexpr gnutls_sign_algorithm_t kAnyCurve[] = {GNUTLS_SIGN_ECDSA_SHA1, GNUTLS_SIGN_ECDSA_SHA224,
                                                   GNUTLS_SIGN_ECDSA_SHA256, GNUTLS_SIGN_ECDSA_SHA384,
                                                   GNUTLS_SIGN_ECDSA_SHA512};
  return std::ranges::find(kAnyCurve, algorithm) != std::end(kAnyCurve);
}

std::uint8_t CertificateTypeOf(gnutls_pk_algorithm_t algorithm) noexcept {
  constexpr std::uint8_t kRsaSign = 1, kDssSign = 2, kEcdsaSign = 64;
  switch (algorithm) {
    case GNUTLS_PK_RSA:
    case GNUTLS_PK_RSA_PSS:
      return kRsaSign;
    case GNUTLS_PK_DSA:
      return kDssSign;
    case GNUTLS_PK_ECDSA:
    case GNUTLS_PK_EDDSA_ED25519:
    case GNUTLS_PK_EDDSA_ED448:
      return kEcdsaSign;
    default:
      return 0;
  }
}

}  // namespace signet::gnutls

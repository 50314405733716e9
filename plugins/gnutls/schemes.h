#pragma once

#include <cstdint>
#include <span>

#include <gnutls/gnutls.h>

namespace signet::gnutls {

// SignRow is one of GnuTLS's signature algorithms and the TLS code point that it signs like.
struct SignRow {
  gnutls_sign_algorithm_t algorithm;
  std::uint16_t scheme;
};
std::span<const SignRow> SignRows() noexcept;

// SchemeOf gives 0 for an algorithm that TLS has no code point for.
std::uint16_t SchemeOf(gnutls_sign_algorithm_t algorithm) noexcept;

// IsEcdsaOfAnyCurve tells whether this is ECDSA as in TLS 1.2, where the hash does not depend on the curve.
bool IsEcdsaOfAnyCurve(gnutls_sign_algorithm_t algorithm) noexcept;

// CertificateTypeOf gives TLS 1.2's ClientCertificateType (RFC 5246 section 7.4.4) of a kind of key, or 0.
std::uint8_t CertificateTypeOf(gnutls_pk_algorithm_t algorithm) noexcept;

}  // namespace signet::gnutls

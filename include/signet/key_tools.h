#pragma once

#include <signet/export.h>
#include <signet/private_key.h>
#include <signet/signature_scheme.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

struct evp_pkey_st;

namespace signet {

// Functions for the implementation of a program's own key (signet/own_key.h). All functions are pure, may be
// called from any thread, and throw Error: kBadArgument for inconsistent arguments, kMalformed or
// kUnsupported for keys that cannot be read. `spki` is a DER SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7).

// SpkiFromPem returns the DER SubjectPublicKeyInfo of a PEM text with a public key or a certificate.
SIGNET_EXPORT std::vector<std::uint8_t> SpkiFromPem(std::string_view pem);
// SpkiFromNative returns that of an EVP_PKEY, public or private, of any library context.
SIGNET_EXPORT std::vector<std::uint8_t> SpkiFromNative(evp_pkey_st* key);

// KeyTypeOf gives the type of the key; kOther for an algorithm that is not in the list.
SIGNET_EXPORT KeyType KeyTypeOf(std::span<const std::uint8_t> spki);
// SchemesFor lists all schemes for a key of this type without restrictions, best first. For an EC key it
// lists all ECDSA schemes: TLS 1.3 uses the scheme of its curve, TLS 1.2 uses any hash that the peer
// requests.
SIGNET_EXPORT std::vector<SignatureScheme> SchemesFor(std::span<const std::uint8_t> spki);
// MaxSignatureSize is an upper bound in bytes for a signature of the key, ECDSA in DER.
SIGNET_EXPORT std::size_t MaxSignatureSize(std::span<const std::uint8_t> spki);

// AlgorithmOf returns the padding, hash and salt of a scheme.
SIGNET_EXPORT SigningAlgorithm AlgorithmOf(SignatureScheme scheme);
// SchemeOf returns the scheme of a key of `type` for `algorithm`; nothing if there is none. For EC it is the
// scheme with this hash; its curve matters only in TLS 1.3.
SIGNET_EXPORT std::optional<SignatureScheme> SchemeOf(KeyType type,
                                                      const SigningAlgorithm& algorithm) noexcept;

// DigestSize gives the bytes of a digest.
SIGNET_EXPORT std::size_t DigestSize(Hash hash);
// Digest hashes `message`.
SIGNET_EXPORT std::vector<std::uint8_t> Digest(Hash hash, std::span<const std::uint8_t> message);
// DigestInfo gives the DER DigestInfo of a digest (RFC 8017 section 9.2), which RSASSA-PKCS1-v1_5 pads.
SIGNET_EXPORT std::vector<std::uint8_t> DigestInfo(Hash hash, std::span<const std::uint8_t> digest);

// EcdsaToDer converts r || s, both of the same length, to the DER Ecdsa-Sig-Value (RFC 3279 section 2.2.3)
// that Signet uses for all ECDSA signatures.
SIGNET_EXPORT std::vector<std::uint8_t> EcdsaToDer(std::span<const std::uint8_t> raw);
// EcdsaFromDer is the inverse of EcdsaToDer, with numbers of `size` bytes.
SIGNET_EXPORT std::vector<std::uint8_t> EcdsaFromDer(std::span<const std::uint8_t> der, std::size_t size);

// Verifies tells whether `signature` over `message` is valid: for a program's tests.
SIGNET_EXPORT bool Verifies(std::span<const std::uint8_t> spki, SignatureScheme scheme,
                            std::span<const std::uint8_t> message, std::span<const std::uint8_t> signature);

}  // namespace signet

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

// What a program needs to implement a key of its own (signet/own_key.h). All functions are pure, may be
// called from any thread, and throw Error: kBadArgument for arguments that do not fit each other, kMalformed
// or kUnsupported for keys that cannot be read. `spki` is a DER SubjectPublicKeyInfo (RFC 5280
// section 4.1.2.7).

// SpkiFromPem gives the DER SubjectPublicKeyInfo of a PEM text with a public key or a certificate.
SIGNET_EXPORT std::vector<std::uint8_t> SpkiFromPem(std::string_view pem);
// SpkiFromNative gives that of an EVP_PKEY, public or private, of any library context.
SIGNET_EXPORT std::vector<std::uint8_t> SpkiFromNative(evp_pkey_st* key);

// KeyTypeOf gives the type of the key; kOther for an algorithm that is not in the list.
SIGNET_EXPORT KeyType KeyTypeOf(std::span<const std::uint8_t> spki);
// SchemesFor lists the schemes that fit the key: what one without limits of its own signs with, best first.
// An EC key has them all: TLS 1.3 takes the one of its curve, TLS 1.2 the hash that the peer wants.
SIGNET_EXPORT std::vector<SignatureScheme> SchemesFor(std::span<const std::uint8_t> spki);
// MaxSignatureSize is an upper bound in bytes for a signature of the key, ECDSA in DER.
SIGNET_EXPORT std::size_t MaxSignatureSize(std::span<const std::uint8_t> spki);

// AlgorithmOf gives what a scheme does: padding, hash, salt.
SIGNET_EXPORT SigningAlgorithm AlgorithmOf(SignatureScheme scheme);
// SchemeOf gives the scheme by which a key of `type` signs with `algorithm`; nothing where there is none. For
// EC it is the scheme with the hash, whose curve counts in TLS 1.3 only.
SIGNET_EXPORT std::optional<SignatureScheme> SchemeOf(KeyType type,
                                                      const SigningAlgorithm& algorithm) noexcept;

// DigestSize gives the bytes of a digest.
SIGNET_EXPORT std::size_t DigestSize(Hash hash);
// Digest hashes `message`.
SIGNET_EXPORT std::vector<std::uint8_t> Digest(Hash hash, std::span<const std::uint8_t> message);
// DigestInfo gives the DER DigestInfo of a digest (RFC 8017 section 9.2), which RSASSA-PKCS1-v1_5 pads.
SIGNET_EXPORT std::vector<std::uint8_t> DigestInfo(Hash hash, std::span<const std::uint8_t> digest);

// EcdsaToDer turns r || s, both as long, into the DER Ecdsa-Sig-Value (RFC 3279 section 2.2.3) that every
// signature of Signet is.
SIGNET_EXPORT std::vector<std::uint8_t> EcdsaToDer(std::span<const std::uint8_t> raw);
// EcdsaFromDer is the inverse of EcdsaToDer, with numbers of `size` bytes.
SIGNET_EXPORT std::vector<std::uint8_t> EcdsaFromDer(std::span<const std::uint8_t> der, std::size_t size);

// Verifies tells whether `signature` over `message` is right: for a program's tests.
SIGNET_EXPORT bool Verifies(std::span<const std::uint8_t> spki, SignatureScheme scheme,
                            std::span<const std::uint8_t> message, std::span<const std::uint8_t> signature);

}  // namespace signet

#pragma once

#include "base/openssl_ptr.h"
#include "identity/partial_spki.h"
#include <signet/private_key.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace signet::inline identity {

// PublicKey is a SubjectPublicKeyInfo and what software can do with it, in our own library context.
// Immutable.
class PublicKey {
 public:
  // FromSpki reads a DER SubjectPublicKeyInfo; throws Error kMalformed, or kUnsupported if OpenSSL does
  // not know the algorithm.
  static PublicKey FromSpki(std::span<const std::uint8_t> der);
  // FromNative takes a public or private key of any context.
  static PublicKey FromNative(EVP_PKEY* key);
  // OfShape is a key of which only type and curve are known, not the point: it is not known(),
  // equals no key, verifies nothing, and its spki() has an empty subjectPublicKey. Throws Error
  // kUnsupported if OpenSSL does not know the curve.
  static PublicKey OfShape(const KeyShape& shape);
  // FromPartialSpki reads what spki() gives, of a key with and without its point; throws as FromSpki does.
  static PublicKey FromPartialSpki(std::span<const std::uint8_t> der);

  KeyType type() const noexcept { return type_; }
  // known tells whether there is a key at all, and not its type and curve alone.
  bool known() const noexcept { return known_; }
  int bits() const noexcept { return bits_; }
  // curve is OpenSSL's group name, "prime256v1"; empty for other keys.
  const std::string& curve() const noexcept { return curve_; }
  // field_size gives the bytes of a coordinate, and so of a shared secret, of an EC key's curve, whose order
  // bits() counts; 0 for other keys.
  std::size_t field_size() const;
  // algorithm is OpenSSL's name of the key type, "RSA", also for types that TLS does not use.
  const std::string& algorithm() const noexcept { return algorithm_; }
  std::span<const std::uint8_t> spki() const noexcept { return spki_; }
  EVP_PKEY* native() const noexcept { return key_.get(); }
  std::size_t max_signature_size() const noexcept;

  // Verify tells whether `signature` (ECDSA: DER) over `input`, which is as for PrivateKey::Sign, is right.
  bool Verify(const SigningAlgorithm& algorithm, std::span<const std::uint8_t> input,
              std::span<const std::uint8_t> signature) const;

  friend bool operator==(const PublicKey& a, const PublicKey& b) noexcept;

 private:
  PublicKey(OpenSslPtr<EVP_PKEY> key, std::vector<std::uint8_t> spki);
  OpenSslPtr<EVP_PKEY> key_;
  std::vector<std::uint8_t> spki_;
  std::string algorithm_;
  std::string curve_;
  KeyType type_ = KeyType::kOther;
  int bits_ = 0;
  bool known_ = true;
};

// RsaPssOf gives an RSA key as an RSA-PSS key without restrictions: id-RSASSA-PSS with absent parameters (RFC
// 4055 section 3.1). Throws Error kUnsupported for a key that is not RSA.
PublicKey RsaPssOf(const PublicKey& rsa);

// ConfigurePkeyContext puts the padding, hash and salt of `algorithm` on a context made by EVP_PKEY_sign_init
// or EVP_PKEY_verify_init.
void ConfigurePkeyContext(EVP_PKEY_CTX* context, const SigningAlgorithm& algorithm);

// Description gives a public key in words: "RSA 2048 bit", "EC P-256", "Ed25519".
std::string Description(const PublicKey& key);

// KeyTypeRow ties a KeyType to OpenSSL's name for it and the name shown to people.
struct KeyTypeRow {
  KeyType type;
  const char* openssl_name;
  const char* shown;
};
std::span<const KeyTypeRow> KeyTypes() noexcept;

}  // namespace signet::inline identity

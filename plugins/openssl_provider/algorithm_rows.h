#pragma once

#include <array>
#include <cstddef>

#include <openssl/core_dispatch.h>
#include <openssl/opensslv.h>

// What libcrypto fetches from us, in the order in which it sees it. One table for the provider and for
// signet.so, which shows it before the provider is there: nothing here needs the C++ library when it runs.
namespace signet::provider {

inline constexpr const char* kRsaNames = "RSA:rsaEncryption:1.2.840.113549.1.1.1";
inline constexpr const char* kRsaPssNames = "RSA-PSS:RSASSA-PSS:1.2.840.113549.1.1.10";
inline constexpr const char* kEcNames = "EC:id-ecPublicKey:1.2.840.10045.2.1";
inline constexpr const char* kEd25519Names = "ED25519:1.3.101.112";
inline constexpr const char* kEd448Names = "ED448:1.3.101.113";

// Family is one OpenSSL signature algorithm that leaves hash and padding to parameters.
enum class Family { kRsa, kEcdsa, kEd25519, kEd448 };

// OwnName is a further name of a family, which no other provider has. By it our keys say what signs with
// them: libcrypto asks for that name among all providers, and would by ECDSA come to `default` first, and try
// without success to export the key to it, at every signature.
constexpr const char* OwnName(Family family) noexcept {
  constexpr const char* kNames[] = {"SIGNET-RSA", "SIGNET-ECDSA", "SIGNET-ED25519", "SIGNET-ED448"};
  return kNames[static_cast<std::size_t>(family)];
}

// kHandoverScheme is the store scheme by which MakeKey hands a key of this process to libcrypto.
inline constexpr const char* kHandoverScheme = "signet-handover";

// Table names a dispatch table. Several algorithms may have the same one.
enum class Table : unsigned char {
  kRsaKeymgmt,
  kRsaPssKeymgmt,
  kEcKeymgmt,
  kEd25519Keymgmt,
  kEd448Keymgmt,
  kRsaDecoder,
  kRsaPssDecoder,
  kEcDecoder,
  kEd25519Decoder,
  kEd448Decoder,
  kRsaSignature,
  kEcdsaSignature,
  kEd25519Signature,
  kEd448Signature,
  kRsaCipher,
  kEcdh,
  kStore,
  kPemDecoder,
  kUriDecoder,
  kTextEncoder,
  kPemEncoder,
  kDerEncoder,
  kPublicPemEncoder,
  kPublicDerEncoder,
#if OPENSSL_VERSION_PREREQ(3, 4)
  kRsaSha1,
  kRsaSha224,
  kRsaSha256,
  kRsaSha384,
  kRsaSha512,
  kRsaSha3_224,
  kRsaSha3_256,
  kRsaSha3_384,
  kRsaSha3_512,
  kEcdsaSha1,
  kEcdsaSha224,
  kEcdsaSha256,
  kEcdsaSha384,
  kEcdsaSha512,
  kEcdsaSha3_224,
  kEcdsaSha3_256,
  kEcdsaSha3_384,
  kEcdsaSha3_512,
#endif
  kCount,
};
inline constexpr std::size_t kTableCount = static_cast<std::size_t>(Table::kCount);

struct AlgorithmRow {
  int operation = 0;
  const char* names = nullptr;  // OpenSSL's own, object identifiers included: libssl knows a key by them
  Table table = Table::kCount;
  const char* description = nullptr;
  const char* properties = "";  // beside `provider=`
};

// KeyRow is a key type that the provider keeps.
struct KeyRow {
  Table keymgmt;
  Table decoder;
  const char* names;
  const char* description;
  bool shows_public;  // always, in any token
};

inline constexpr KeyRow kKeyRows[] = {
    {Table::kRsaKeymgmt, Table::kRsaDecoder, kRsaNames, "RSA key in a token", true},
    {Table::kRsaPssKeymgmt, Table::kRsaPssDecoder, kRsaPssNames, "RSA-PSS key in a token", true},
    {Table::kEcKeymgmt, Table::kEcDecoder, kEcNames, "EC key in a token", false},
    {Table::kEd25519Keymgmt, Table::kEd25519Decoder, kEd25519Names, "Ed25519 key in a token", false},
    {Table::kEd448Keymgmt, Table::kEd448Decoder, kEd448Names, "Ed448 key in a token", false},
};

inline constexpr AlgorithmRow kPlainRows[] = {
    {OSSL_OP_SIGNATURE, kRsaNames, Table::kRsaSignature, "RSA signature by a token"},
    {OSSL_OP_SIGNATURE, "ECDSA", Table::kEcdsaSignature, "ECDSA signature by a token"},
    {OSSL_OP_SIGNATURE, kEd25519Names, Table::kEd25519Signature, "Ed25519 signature by a token"},
    {OSSL_OP_SIGNATURE, kEd448Names, Table::kEd448Signature, "Ed448 signature by a token"},
    {OSSL_OP_SIGNATURE, OwnName(Family::kRsa), Table::kRsaSignature, "signature by a token"},
    {OSSL_OP_SIGNATURE, OwnName(Family::kEcdsa), Table::kEcdsaSignature, "signature by a token"},
    {OSSL_OP_SIGNATURE, OwnName(Family::kEd25519), Table::kEd25519Signature, "signature by a token"},
    {OSSL_OP_SIGNATURE, OwnName(Family::kEd448), Table::kEd448Signature, "signature by a token"},
    {OSSL_OP_ASYM_CIPHER, kRsaNames, Table::kRsaCipher, "RSA decryption by a token"},
    {OSSL_OP_KEYEXCH, "ECDH", Table::kEcdh, "ECDH by a token"},
    {OSSL_OP_STORE, "pkcs11", Table::kStore, "keys and certificates of PKCS#11 tokens"},
    {OSSL_OP_STORE, "pkcs12", Table::kStore, "keys and certificates of PKCS#12 files"},
    {OSSL_OP_STORE, "signet", Table::kStore, "identities by name"},
    {OSSL_OP_STORE, kHandoverScheme, Table::kStore, "keys of this process"},
    {OSSL_OP_DECODER, "DER", Table::kPemDecoder, "PEM file that points to a key", "input=pem"},
    {OSSL_OP_DECODER, "DER", Table::kUriDecoder, "key that a PEM file points to",
     "input=der,structure=signet-uri"},
};

// SigalgRow is a signature algorithm that brings its hash and padding, as OpenSSL 3.4 fetches them.
struct SigalgRow {
  Table table;
  const char* names;
};

#if OPENSSL_VERSION_PREREQ(3, 4)
inline constexpr std::array kSigalgRows = std::to_array<SigalgRow>({
    {Table::kRsaSha1, "RSA-SHA1:RSA-SHA-1:sha1WithRSAEncryption:1.2.840.113549.1.1.5"},
    {Table::kRsaSha224, "RSA-SHA2-224:RSA-SHA224:sha224WithRSAEncryption:1.2.840.113549.1.1.14"},
    {Table::kRsaSha256, "RSA-SHA2-256:RSA-SHA256:sha256WithRSAEncryption:1.2.840.113549.1.1.11"},
    {Table::kRsaSha384, "RSA-SHA2-384:RSA-SHA384:sha384WithRSAEncryption:1.2.840.113549.1.1.12"},
    {Table::kRsaSha512, "RSA-SHA2-512:RSA-SHA512:sha512WithRSAEncryption:1.2.840.113549.1.1.13"},
    {Table::kRsaSha3_224, "RSA-SHA3-224:id-rsassa-pkcs1-v1_5-with-sha3-224:2.16.840.1.101.3.4.3.13"},
    {Table::kRsaSha3_256, "RSA-SHA3-256:id-rsassa-pkcs1-v1_5-with-sha3-256:2.16.840.1.101.3.4.3.14"},
    {Table::kRsaSha3_384, "RSA-SHA3-384:id-rsassa-pkcs1-v1_5-with-sha3-384:2.16.840.1.101.3.4.3.15"},
    {Table::kRsaSha3_512, "RSA-SHA3-512:id-rsassa-pkcs1-v1_5-with-sha3-512:2.16.840.1.101.3.4.3.16"},
    {Table::kEcdsaSha1, "ECDSA-SHA1:ECDSA-SHA-1:ecdsa-with-SHA1:1.2.840.10045.4.1"},
    {Table::kEcdsaSha224, "ECDSA-SHA2-224:ECDSA-SHA224:ecdsa-with-SHA224:1.2.840.10045.4.3.1"},
    {Table::kEcdsaSha256, "ECDSA-SHA2-256:ECDSA-SHA256:ecdsa-with-SHA256:1.2.840.10045.4.3.2"},
    {Table::kEcdsaSha384, "ECDSA-SHA2-384:ECDSA-SHA384:ecdsa-with-SHA384:1.2.840.10045.4.3.3"},
    {Table::kEcdsaSha512, "ECDSA-SHA2-512:ECDSA-SHA512:ecdsa-with-SHA512:1.2.840.10045.4.3.4"},
    {Table::kEcdsaSha3_224,
     "ECDSA-SHA3-224:ecdsa_with_SHA3-224:id-ecdsa-with-sha3-224:2.16.840.1.101.3.4.3.9"},
    {Table::kEcdsaSha3_256,
     "ECDSA-SHA3-256:ecdsa_with_SHA3-256:id-ecdsa-with-sha3-256:2.16.840.1.101.3.4.3.10"},
    {Table::kEcdsaSha3_384,
     "ECDSA-SHA3-384:ecdsa_with_SHA3-384:id-ecdsa-with-sha3-384:2.16.840.1.101.3.4.3.11"},
    {Table::kEcdsaSha3_512,
     "ECDSA-SHA3-512:ecdsa_with_SHA3-512:id-ecdsa-with-sha3-512:2.16.840.1.101.3.4.3.12"},
});
#else
inline constexpr std::array<SigalgRow, 0> kSigalgRows{};
#endif

// EncoderRow is one way to write a key.
struct EncoderRow {
  Table table;
  const char* properties;
  bool of_private_keys;
};

inline constexpr EncoderRow kEncoderRows[] = {
    {Table::kTextEncoder, "output=text", true},
    {Table::kPemEncoder, "output=pem,structure=PrivateKeyInfo", true},
    {Table::kDerEncoder, "output=der,structure=PrivateKeyInfo", true},
    {Table::kPublicPemEncoder, "output=pem,structure=SubjectPublicKeyInfo", false},
    {Table::kPublicDerEncoder, "output=der,structure=SubjectPublicKeyInfo", false},
};

// ForEachAlgorithm calls `add` for each row.
template <class Add>
constexpr void ForEachAlgorithm(Add add) {
  for (const AlgorithmRow& row : kPlainRows) add(row);
  for (const KeyRow& key : kKeyRows) {
    add(AlgorithmRow{OSSL_OP_KEYMGMT, key.names, key.keymgmt, key.description});
    add(AlgorithmRow{OSSL_OP_DECODER, key.names, key.decoder, key.description,
                     "input=der,structure=signet-key"});
    for (const EncoderRow& encoder : kEncoderRows) {
      // The public part of a key that always shows it is written by `default`, to which it is exported.
      if (encoder.of_private_keys || !key.shows_public) {
        add(AlgorithmRow{OSSL_OP_ENCODER, key.names, encoder.table, key.description, encoder.properties});
      }
    }
  }
  for (const SigalgRow& row : kSigalgRows) {
    add(AlgorithmRow{OSSL_OP_SIGNATURE, row.names, row.table, "signature by a token, hash included"});
  }
}

constexpr std::size_t CountAlgorithms() {
  std::size_t count = 0;
  ForEachAlgorithm([&](const AlgorithmRow&) { ++count; });
  return count;
}

constexpr auto MakeAlgorithmRows() {
  std::array<AlgorithmRow, CountAlgorithms()> rows{};
  std::size_t next = 0;
  ForEachAlgorithm([&](const AlgorithmRow& row) { rows[next++] = row; });
  return rows;
}

inline constexpr auto kAlgorithmRows = MakeAlgorithmRows();

// IsPlainName tells whether a property query can say the name without quotes (property(7)).
constexpr bool IsPlainName(const char* name) noexcept {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  if (!letter(*name)) return false;
  for (; *name != '\0'; ++name) {
    for (const char* special = ", \t'\""; *special != '\0'; ++special) {
      if (*name == *special) return false;
    }
  }
  return true;
}

// WritesSelection tells whether an encoder is for these parts of a key.
constexpr bool WritesSelection(Table encoder, int selection) noexcept {
  const bool private_key = (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0;
  const bool public_key = (selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) != 0;
  if (encoder == Table::kTextEncoder) return private_key || public_key;
  const bool of_private_keys = encoder == Table::kPemEncoder || encoder == Table::kDerEncoder;
  return of_private_keys ? private_key : public_key && !private_key;
}

}  // namespace signet::provider

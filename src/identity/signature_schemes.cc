#include "identity/signature_schemes.h"

#include "identity/hashes.h"
#include <signet/error.h>

#include <fmt/format.h>

namespace signet::inline identity {
namespace {

using Kind = SigningAlgorithm::Kind;
using enum SignatureScheme;

constexpr SigningAlgorithm Pkcs1(Hash hash) { return {.kind = Kind::kRsaPkcs1, .hash = hash}; }
constexpr SigningAlgorithm Pss(Hash hash, int salt) {
  return {.kind = Kind::kRsaPss, .hash = hash, .mgf1_hash = hash, .salt_length = salt};
}
constexpr SigningAlgorithm Ecdsa(Hash hash) { return {.kind = Kind::kEcdsa, .hash = hash}; }
constexpr SigningAlgorithm kEdDsa = {.kind = Kind::kEdDsa};
constexpr SigningAlgorithm kMlDsa = {.kind = Kind::kMlDsa};

// Best first within a key type: the order in which they are offered where the peer has no preference.
// clang-format off
constexpr SchemeRow kSchemes[] = {
    {.scheme = kRsaPssRsaeSha256, .name = "rsa_pss_rsae_sha256", .key = KeyType::kRsa, .curve = "",
     .algorithm = Pss(Hash::kSha256, 32), .tls12 = true, .tls13 = true},
    {.scheme = kRsaPssRsaeSha384, .name = "rsa_pss_rsae_sha384", .key = KeyType::kRsa, .curve = "",
     .algorithm = Pss(Hash::kSha384, 48), .tls12 = true, .tls13 = true},
    {.scheme = kRsaPssRsaeSha512, .name = "rsa_pss_rsae_sha512", .key = KeyType::kRsa, .curve = "",
     .algorithm = Pss(Hash::kSha512, 64), .tls12 = true, .tls13 = true},
    {.scheme = kRsaPkcs1Sha256, .name = "rsa_pkcs1_sha256", .key = KeyType::kRsa, .curve = "",
     .algorithm = Pkcs1(Hash::kSha256), .tls12 = true, .tls13 = false},
    {.scheme = kRsaPkcs1Sha384, .name = "rsa_pkcs1_sha384", .key = KeyType::kRsa, .curve = "",
     .algorithm = Pkcs1(Hash::kSha384), .tls12 = true, .tls13 = false},
    {.scheme = kRsaPkcs1Sha512, .name = "rsa_pkcs1_sha512", .key = KeyType::kRsa, .curve = "",
     .algorithm = Pkcs1(Hash::kSha512), .tls12 = true, .tls13 = false},
    {.scheme = kRsaPkcs1Sha224, .name = "rsa_pkcs1_sha224", .key = KeyType::kRsa, .curve = "",
     .algorithm = Pkcs1(Hash::kSha224), .tls12 = true, .tls13 = false},
    {.scheme = kRsaPkcs1Sha1, .name = "rsa_pkcs1_sha1", .key = KeyType::kRsa, .curve = "",
     .algorithm = Pkcs1(Hash::kSha1), .tls12 = true, .tls13 = false},
    {.scheme = kRsaPssPssSha256, .name = "rsa_pss_pss_sha256", .key = KeyType::kRsaPss, .curve = "",
     .algorithm = Pss(Hash::kSha256, 32), .tls12 = true, .tls13 = true},
    {.scheme = kRsaPssPssSha384, .name = "rsa_pss_pss_sha384", .key = KeyType::kRsaPss, .curve = "",
     .algorithm = Pss(Hash::kSha384, 48), .tls12 = true, .tls13 = true},
    {.scheme = kRsaPssPssSha512, .name = "rsa_pss_pss_sha512", .key = KeyType::kRsaPss, .curve = "",
     .algorithm = Pss(Hash::kSha512, 64), .tls12 = true, .tls13 = true},
    {.scheme = kEcdsaSecp256r1Sha256, .name = "ecdsa_secp256r1_sha256", .key = KeyType::kEc, .curve = "prime256v1",
     .algorithm = Ecdsa(Hash::kSha256), .tls12 = true, .tls13 = true},
    {.scheme = kEcdsaSecp384r1Sha384, .name = "ecdsa_secp384r1_sha384", .key = KeyType::kEc, .curve = "secp384r1",
     .algorithm = Ecdsa(Hash::kSha384), .tls12 = true, .tls13 = true},
    {.scheme = kEcdsaSecp521r1Sha512, .name = "ecdsa_secp521r1_sha512", .key = KeyType::kEc, .curve = "secp521r1",
     .algorithm = Ecdsa(Hash::kSha512), .tls12 = true, .tls13 = true},
    {.scheme = kEcdsaSha224, .name = "ecdsa_sha224", .key = KeyType::kEc, .curve = "",
     .algorithm = Ecdsa(Hash::kSha224), .tls12 = true, .tls13 = false},
    {.scheme = kEcdsaSha1, .name = "ecdsa_sha1", .key = KeyType::kEc, .curve = "",
     .algorithm = Ecdsa(Hash::kSha1), .tls12 = true, .tls13 = false},
    {.scheme = kEd25519, .name = "ed25519", .key = KeyType::kEd25519, .curve = "",
     .algorithm = kEdDsa, .tls12 = true, .tls13 = true},
    {.scheme = kEd448, .name = "ed448", .key = KeyType::kEd448, .curve = "",
     .algorithm = kEdDsa, .tls12 = true, .tls13 = true},
    {.scheme = kMlDsa44, .name = "mldsa44", .key = KeyType::kMlDsa44, .curve = "",
     .algorithm = kMlDsa, .tls12 = false, .tls13 = true},
    {.scheme = kMlDsa65, .name = "mldsa65", .key = KeyType::kMlDsa65, .curve = "",
     .algorithm = kMlDsa, .tls12 = false, .tls13 = true},
    {.scheme = kMlDsa87, .name = "mldsa87", .key = KeyType::kMlDsa87, .curve = "",
     .algorithm = kMlDsa, .tls12 = false, .tls13 = true},
};
// clang-format on

// FitsModulus tells whether the encoding fits: PSS needs hash + salt + 2 bytes, PKCS#1 v1.5 the DigestInfo
// and 11 more.
bool FitsModulus(const SigningAlgorithm& algorithm, int bits) {
  const auto hash = static_cast<int>(RowOf(algorithm.hash).size);
  if (algorithm.kind == Kind::kRsaPss) return (bits - 1 + 7) / 8 >= hash + algorithm.salt_length + 2;
  return (bits + 7) / 8 >= hash + 19 + 11;
}

}  // namespace

std::span<const SchemeRow> SignatureSchemes() noexcept { return kSchemes; }

const SchemeRow* FindRow(SignatureScheme scheme) noexcept {
  for (const SchemeRow& row : kSchemes) {
    if (row.scheme == scheme) return &row;
  }
  return nullptr;
}

const SchemeRow& RowOf(SignatureScheme scheme) {
  const SchemeRow* row = FindRow(scheme);
  if (row != nullptr) return *row;
  throw Error(
      {.code = ErrorCode::kBadArgument,
       .detail = fmt::format("{:#06x} is not a known signature scheme", static_cast<unsigned>(scheme))});
}

std::vector<SignatureScheme> SchemesFor(KeyType type, std::string_view curve, int bits) {
  const bool rsa = type == KeyType::kRsa || type == KeyType::kRsaPss;
  std::vector<SignatureScheme> schemes;
  for (const SchemeRow& row : kSchemes) {
    if (row.key != type) continue;
    if (!row.curve.empty() && row.curve != curve) continue;
    if (rsa && !FitsModulus(row.algorithm, bits)) continue;
    schemes.push_back(row.scheme);
  }
  return schemes;
}

}  // namespace signet::inline identity

#include "pkcs11/keys/mechanism_plan.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

namespace signet::inline pkcs11 {
namespace {

using Kind = SigningAlgorithm::Kind;
using Parameters = MechanismRow::Parameters;
using namespace std::string_view_literals;

// What PKCS#11 3.0 defines and the header of Debian 12's p11-kit lacks.
constexpr CK_MECHANISM_TYPE kCkmSha3_224RsaPkcs = 0x66;
constexpr CK_MECHANISM_TYPE kCkmSha3_256RsaPkcs = 0x60;
constexpr CK_MECHANISM_TYPE kCkmSha3_384RsaPkcs = 0x61;
constexpr CK_MECHANISM_TYPE kCkmSha3_512RsaPkcs = 0x62;
constexpr CK_MECHANISM_TYPE kCkmSha3_224RsaPkcsPss = 0x67;
constexpr CK_MECHANISM_TYPE kCkmSha3_256RsaPkcsPss = 0x63;
constexpr CK_MECHANISM_TYPE kCkmSha3_384RsaPkcsPss = 0x64;
constexpr CK_MECHANISM_TYPE kCkmSha3_512RsaPkcsPss = 0x65;
constexpr CK_MECHANISM_TYPE kCkmEcdsaSha3_224 = 0x1047;
constexpr CK_MECHANISM_TYPE kCkmEcdsaSha3_256 = 0x1048;
constexpr CK_MECHANISM_TYPE kCkmEcdsaSha3_384 = 0x1049;
constexpr CK_MECHANISM_TYPE kCkmEcdsaSha3_512 = 0x104a;

// Best first within a kind.
// clang-format off
constexpr MechanismRow kRows[] = {
    {.kind = Kind::kRsaPkcs1, .mechanism = CKM_RSA_PKCS, .encoding = Encoding::kDigestInfo,
     .parameters = Parameters::kNone},
    {.kind = Kind::kRsaPkcs1, .mechanism = CKM_RSA_X_509, .encoding = Encoding::kPkcs1Padding,
     .parameters = Parameters::kNone},
    {.kind = Kind::kRsaPss, .mechanism = CKM_RSA_PKCS_PSS, .encoding = Encoding::kNone,
     .parameters = Parameters::kPss},
    {.kind = Kind::kRsaPss, .mechanism = CKM_RSA_X_509, .encoding = Encoding::kPssPadding,
     .parameters = Parameters::kNone},
    {.kind = Kind::kRsaRaw, .mechanism = CKM_RSA_X_509, .encoding = Encoding::kNone,
     .parameters = Parameters::kNone},
    {.kind = Kind::kEcdsa, .mechanism = CKM_ECDSA, .encoding = Encoding::kNone, .parameters = Parameters::kNone},
    {.kind = Kind::kEdDsa, .mechanism = CKM_EDDSA, .encoding = Encoding::kNone, .parameters = Parameters::kNone},
    // PKCS#11 3.0 section 2.3.14 wants parameters for Ed448; some modules want none.
    {.kind = Kind::kEdDsa, .mechanism = CKM_EDDSA, .encoding = Encoding::kNone, .parameters = Parameters::kEdDsa},
    {.kind = Kind::kMlDsa, .mechanism = kCkmMlDsa, .encoding = Encoding::kNone, .parameters = Parameters::kNone},
    // Mechanisms that hash the message in the token: slower, and for keys that have no others.
    {.kind = Kind::kRsaPkcs1, .mechanism = CKM_SHA256_RSA_PKCS, .encoding = Encoding::kNone, .parameters = Parameters::kNone,
     .hash = Hash::kSha256},
    {.kind = Kind::kRsaPkcs1, .mechanism = CKM_SHA384_RSA_PKCS, .encoding = Encoding::kNone, .parameters = Parameters::kNone,
     .hash = Hash::kSha384},
    {.kind = Kind::kRsaPkcs1, .mechanism = CKM_SHA512_RSA_PKCS, .encoding = Encoding::kNone, .parameters = Parameters::kNone,
     .hash = Hash::kSha512},
    {.kind = Kind::kRsaPkcs1, .mechanism = CKM_SHA224_RSA_PKCS, .encoding = Encoding::kNone, .parameters = Parameters::kNone,
     .hash = Hash::kSha224},
    {.kind = Kind::kRsaPkcs1, .mechanism = CKM_SHA1_RSA_PKCS, .encoding = Encoding::kNone, .parameters = Parameters::kNone,
     .hash = Hash::kSha1},
    {.kind = Kind::kRsaPkcs1, .mechanism = CKM_MD5_RSA_PKCS, .encoding = Encoding::kNone, .parameters = Parameters::kNone,
     .hash = Hash::kMd5},
    {.kind = Kind::kRsaPkcs1, .mechanism = kCkmSha3_224RsaPkcs, .encoding = Encoding::kNone, .parameters = Parameters::kNone,
     .hash = Hash::kSha3_224},
    {.kind = Kind::kRsaPkcs1, .mechanism = kCkmSha3_256RsaPkcs, .encoding = Encoding::kNone, .parameters = Parameters::kNone,
     .hash = Hash::kSha3_256},
    {.kind = Kind::kRsaPkcs1, .mechanism = kCkmSha3_384RsaPkcs, .encoding = Encoding::kNone, .parameters = Parameters::kNone,
     .hash = Hash::kSha3_384},
    {.kind = Kind::kRsaPkcs1, .mechanism = kCkmSha3_512RsaPkcs, .encoding = Encoding::kNone, .parameters = Parameters::kNone,
     .hash = Hash::kSha3_512},
    {.kind = Kind::kRsaPss, .mechanism = CKM_SHA256_RSA_PKCS_PSS, .encoding = Encoding::kNone, .parameters = Parameters::kPss,
     .hash = Hash::kSha256},
    {.kind = Kind::kRsaPss, .mechanism = CKM_SHA384_RSA_PKCS_PSS, .encoding = Encoding::kNone, .parameters = Parameters::kPss,
     .hash = Hash::kSha384},
    {.kind = Kind::kRsaPss, .mechanism = CKM_SHA512_RSA_PKCS_PSS, .encoding = Encoding::kNone, .parameters = Parameters::kPss,
     .hash = Hash::kSha512},
    {.kind = Kind::kRsaPss, .mechanism = CKM_SHA224_RSA_PKCS_PSS, .encoding = Encoding::kNone, .parameters = Parameters::kPss,
     .hash = Hash::kSha224},
    {.kind = Kind::kRsaPss, .mechanism = CKM_SHA1_RSA_PKCS_PSS, .encoding = Encoding::kNone, .parameters = Parameters::kPss,
     .hash = Hash::kSha1},
    {.kind = Kind::kRsaPss, .mechanism = kCkmSha3_224RsaPkcsPss, .encoding = Encoding::kNone, .parameters = Parameters::kPss,
     .hash = Hash::kSha3_224},
    {.kind = Kind::kRsaPss, .mechanism = kCkmSha3_256RsaPkcsPss, .encoding = Encoding::kNone, .parameters = Parameters::kPss,
     .hash = Hash::kSha3_256},
    {.kind = Kind::kRsaPss, .mechanism = kCkmSha3_384RsaPkcsPss, .encoding = Encoding::kNone, .parameters = Parameters::kPss,
     .hash = Hash::kSha3_384},
    {.kind = Kind::kRsaPss, .mechanism = kCkmSha3_512RsaPkcsPss, .encoding = Encoding::kNone, .parameters = Parameters::kPss,
     .hash = Hash::kSha3_512},
    {.kind = Kind::kEcdsa, .mechanism = CKM_ECDSA_SHA256, .encoding = Encoding::kNone, .parameters = Parameters::kNone,
     .hash = Hash::kSha256},
    {.kind = Kind::kEcdsa, .mechanism = CKM_ECDSA_SHA384, .encoding = Encoding::kNone, .parameters = Parameters::kNone,
     .hash = Hash::kSha384},
    {.kind = Kind::kEcdsa, .mechanism = CKM_ECDSA_SHA512, .encoding = Encoding::kNone, .parameters = Parameters::kNone,
     .hash = Hash::kSha512},
    {.kind = Kind::kEcdsa, .mechanism = CKM_ECDSA_SHA224, .encoding = Encoding::kNone, .parameters = Parameters::kNone,
     .hash = Hash::kSha224},
    {.kind = Kind::kEcdsa, .mechanism = CKM_ECDSA_SHA1, .encoding = Encoding::kNone, .parameters = Parameters::kNone,
     .hash = Hash::kSha1},
    {.kind = Kind::kEcdsa, .mechanism = kCkmEcdsaSha3_224, .encoding = Encoding::kNone, .parameters = Parameters::kNone,
     .hash = Hash::kSha3_224},
    {.kind = Kind::kEcdsa, .mechanism = kCkmEcdsaSha3_256, .encoding = Encoding::kNone, .parameters = Parameters::kNone,
     .hash = Hash::kSha3_256},
    {.kind = Kind::kEcdsa, .mechanism = kCkmEcdsaSha3_384, .encoding = Encoding::kNone, .parameters = Parameters::kNone,
     .hash = Hash::kSha3_384},
    {.kind = Kind::kEcdsa, .mechanism = kCkmEcdsaSha3_512, .encoding = Encoding::kNone, .parameters = Parameters::kNone,
     .hash = Hash::kSha3_512},
};
// clang-format on
static_assert(std::size(kRows) <= 8 * sizeof(MechanismSet));

// clang-format off
constexpr MechanismHashRow kHashRows[] = {
    {.hash = Hash::kMd5, .mechanism = CKM_MD5, .mgf1 = 0},
    {.hash = Hash::kSha1, .mechanism = CKM_SHA_1, .mgf1 = CKG_MGF1_SHA1},
    {.hash = Hash::kSha224, .mechanism = CKM_SHA224, .mgf1 = CKG_MGF1_SHA224},
    {.hash = Hash::kSha256, .mechanism = CKM_SHA256, .mgf1 = CKG_MGF1_SHA256},
    {.hash = Hash::kSha384, .mechanism = CKM_SHA384, .mgf1 = CKG_MGF1_SHA384},
    {.hash = Hash::kSha512, .mechanism = CKM_SHA512, .mgf1 = CKG_MGF1_SHA512},
    {.hash = Hash::kSha3_224, .mechanism = kCkmSha3_224, .mgf1 = kCkgMgf1Sha3_224},
    {.hash = Hash::kSha3_256, .mechanism = kCkmSha3_256, .mgf1 = kCkgMgf1Sha3_256},
    {.hash = Hash::kSha3_384, .mechanism = kCkmSha3_384, .mgf1 = kCkgMgf1Sha3_384},
    {.hash = Hash::kSha3_512, .mechanism = kCkmSha3_512, .mgf1 = kCkgMgf1Sha3_512},
};
// clang-format on

struct NameRow {
  CK_MECHANISM_TYPE mechanism;
  const char* name;
};
// clang-format off
constexpr NameRow kNames[] = {
    {CKM_RSA_PKCS, "CKM_RSA_PKCS"}, {CKM_RSA_X_509, "CKM_RSA_X_509"}, {CKM_RSA_PKCS_PSS, "CKM_RSA_PKCS_PSS"},
    {CKM_RSA_PKCS_OAEP, "CKM_RSA_PKCS_OAEP"}, {CKM_ECDH1_DERIVE, "CKM_ECDH1_DERIVE"}, {CKM_ECDSA, "CKM_ECDSA"},       {CKM_EDDSA, "CKM_EDDSA"},         {kCkmMlDsa, "CKM_ML_DSA"},
    {CKM_SHA256_RSA_PKCS, "CKM_SHA256_RSA_PKCS"},
    {CKM_SHA384_RSA_PKCS, "CKM_SHA384_RSA_PKCS"},
    {CKM_SHA512_RSA_PKCS, "CKM_SHA512_RSA_PKCS"},
    {CKM_SHA224_RSA_PKCS, "CKM_SHA224_RSA_PKCS"},
    {CKM_SHA1_RSA_PKCS, "CKM_SHA1_RSA_PKCS"},
    {CKM_MD5_RSA_PKCS, "CKM_MD5_RSA_PKCS"},
    {kCkmSha3_224RsaPkcs, "CKM_SHA3_224_RSA_PKCS"},
    {kCkmSha3_256RsaPkcs, "CKM_SHA3_256_RSA_PKCS"},
    {kCkmSha3_384RsaPkcs, "CKM_SHA3_384_RSA_PKCS"},
    {kCkmSha3_512RsaPkcs, "CKM_SHA3_512_RSA_PKCS"},
    {CKM_SHA256_RSA_PKCS_PSS, "CKM_SHA256_RSA_PKCS_PSS"},
    {CKM_SHA384_RSA_PKCS_PSS, "CKM_SHA384_RSA_PKCS_PSS"},
    {CKM_SHA512_RSA_PKCS_PSS, "CKM_SHA512_RSA_PKCS_PSS"},
    {CKM_SHA224_RSA_PKCS_PSS, "CKM_SHA224_RSA_PKCS_PSS"},
    {CKM_SHA1_RSA_PKCS_PSS, "CKM_SHA1_RSA_PKCS_PSS"},
    {kCkmSha3_224RsaPkcsPss, "CKM_SHA3_224_RSA_PKCS_PSS"},
    {kCkmSha3_256RsaPkcsPss, "CKM_SHA3_256_RSA_PKCS_PSS"},
    {kCkmSha3_384RsaPkcsPss, "CKM_SHA3_384_RSA_PKCS_PSS"},
    {kCkmSha3_512RsaPkcsPss, "CKM_SHA3_512_RSA_PKCS_PSS"},
    {CKM_ECDSA_SHA256, "CKM_ECDSA_SHA256"},
    {CKM_ECDSA_SHA384, "CKM_ECDSA_SHA384"},
    {CKM_ECDSA_SHA512, "CKM_ECDSA_SHA512"},
    {CKM_ECDSA_SHA224, "CKM_ECDSA_SHA224"},
    {CKM_ECDSA_SHA1, "CKM_ECDSA_SHA1"},
    {kCkmEcdsaSha3_224, "CKM_ECDSA_SHA3_224"},
    {kCkmEcdsaSha3_256, "CKM_ECDSA_SHA3_256"},
    {kCkmEcdsaSha3_384, "CKM_ECDSA_SHA3_384"},
    {kCkmEcdsaSha3_512, "CKM_ECDSA_SHA3_512"},
};
// clang-format on

// PSS can be left to the token only where its parameters have numbers in PKCS#11.
bool Expressible(const MechanismRow& row, const SigningAlgorithm& algorithm) noexcept {
  if (row.parameters != Parameters::kPss) return true;
  const MechanismHashRow* mgf = FindMechanismHash(algorithm.mgf1_hash);
  return FindMechanismHash(algorithm.hash) != nullptr && mgf != nullptr && mgf->mgf1 != 0;
}

}  // namespace

std::span<const MechanismRow> MechanismRows() noexcept { return kRows; }
std::span<const MechanismHashRow> MechanismHashRows() noexcept { return kHashRows; }

const MechanismHashRow* FindMechanismHash(Hash hash) noexcept {
  const auto* row = std::ranges::find(kHashRows, hash, &MechanismHashRow::hash);
  return row != std::end(kHashRows) ? row : nullptr;
}

std::string MechanismName(CK_MECHANISM_TYPE mechanism) {
  const auto* row = std::ranges::find(kNames, mechanism, &NameRow::mechanism);
  return row != std::end(kNames) ? row->name : fmt::format("CKM {:#x}", mechanism);
}

MechanismSet RowsIn(std::span<const CK_MECHANISM_TYPE> mechanisms) noexcept {
  MechanismSet rows = 0;
  for (std::size_t i = 0; i < std::size(kRows); ++i) {
    if (std::ranges::find(mechanisms, kRows[i].mechanism) != mechanisms.end()) rows |= MechanismSet{1} << i;
  }
  return rows;
}

std::optional<std::size_t> PlanFor(const SigningAlgorithm& algorithm, InputForm input, MechanismSet usable,
                                   std::size_t from) noexcept {
  const Hash hashed_there = input == InputForm::kMessage ? algorithm.hash : Hash::kNone;
  if (input == InputForm::kMessage && hashed_there == Hash::kNone) return std::nullopt;
  for (std::size_t i = from; i < std::size(kRows); ++i) {
    if (kRows[i].kind != algorithm.kind || kRows[i].hash != hashed_there || (usable >> i & 1) == 0) continue;
    if (Expressible(kRows[i], algorithm)) return i;
  }
  return std::nullopt;
}

std::string NamesOf(MechanismSet rows, SigningAlgorithm::Kind kind) {
  std::string names;
  for (std::size_t i = 0; i < std::size(kRows); ++i) {
    if (kRows[i].kind != kind || (rows >> i & 1) == 0) continue;
    if (!names.empty()) names += ", ";
    names += MechanismName(kRows[i].mechanism);
  }
  return names;
}

}  // namespace signet::inline pkcs11

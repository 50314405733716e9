#include "pkcs11/keys/mechanism_plan.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

namespace signet {
namespace {

using Kind = SigningAlgorithm::Kind;
using Parameters = MechanismRow::Parameters;
using namespace std::string_view_literals;

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
};
// clang-format on
static_assert(std::size(kRows) <= 8 * sizeof(MechanismSet));

// clang-format off
constexpr MechanismHashRow kHashRows[] = {
    {.hash = Hash::kMd5, .mechanism = CKM_MD5, .mgf1 = 0,
     .digest_info = "\x30\x20\x30\x0c\x06\x08\x2a\x86\x48\x86\xf7\x0d\x02\x05\x05\x00\x04\x10"sv},
    {.hash = Hash::kSha1, .mechanism = CKM_SHA_1, .mgf1 = CKG_MGF1_SHA1,
     .digest_info = "\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14"sv},
    {.hash = Hash::kSha224, .mechanism = CKM_SHA224, .mgf1 = CKG_MGF1_SHA224,
     .digest_info = "\x30\x2d\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x04\x05\x00\x04\x1c"sv},
    {.hash = Hash::kSha256, .mechanism = CKM_SHA256, .mgf1 = CKG_MGF1_SHA256,
     .digest_info = "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"sv},
    {.hash = Hash::kSha384, .mechanism = CKM_SHA384, .mgf1 = CKG_MGF1_SHA384,
     .digest_info = "\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30"sv},
    {.hash = Hash::kSha512, .mechanism = CKM_SHA512, .mgf1 = CKG_MGF1_SHA512,
     .digest_info = "\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40"sv},
    {.hash = Hash::kSha3_224, .mechanism = kCkmSha3_224, .mgf1 = kCkgMgf1Sha3_224,
     .digest_info = "\x30\x2d\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x07\x05\x00\x04\x1c"sv},
    {.hash = Hash::kSha3_256, .mechanism = kCkmSha3_256, .mgf1 = kCkgMgf1Sha3_256,
     .digest_info = "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x08\x05\x00\x04\x20"sv},
    {.hash = Hash::kSha3_384, .mechanism = kCkmSha3_384, .mgf1 = kCkgMgf1Sha3_384,
     .digest_info = "\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x09\x05\x00\x04\x30"sv},
    {.hash = Hash::kSha3_512, .mechanism = kCkmSha3_512, .mgf1 = kCkgMgf1Sha3_512,
     .digest_info = "\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x0a\x05\x00\x04\x40"sv},
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

std::optional<std::size_t> PlanFor(const SigningAlgorithm& algorithm, MechanismSet usable,
                                   std::size_t from) noexcept {
  for (std::size_t i = from; i < std::size(kRows); ++i) {
    if (kRows[i].kind != algorithm.kind || (usable >> i & 1) == 0) continue;
    if (Expressible(kRows[i], algorithm)) return i;
  }
  return std::nullopt;
}

}  // namespace signet

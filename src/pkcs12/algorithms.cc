#include "pkcs12/algorithms.h"

#include "base/openssl_context.h"
#include "pkcs12/legacy_context.h"
#include <signet/error.h>

#include <algorithm>
#include <iterator>

#include <fmt/format.h>
#include <openssl/objects.h>

namespace signet {
namespace {

// clang-format off
constexpr DigestRow kDigests[] = {
    {.oid = "1.3.14.3.2.26", .hmac_oid = "1.2.840.113549.2.7", .name = "SHA1", .size = 20, .legacy = false},
    {.oid = "2.16.840.1.101.3.4.2.1", .hmac_oid = "1.2.840.113549.2.9", .name = "SHA2-256", .size = 32, .legacy = false},
    {.oid = "2.16.840.1.101.3.4.2.2", .hmac_oid = "1.2.840.113549.2.10", .name = "SHA2-384", .size = 48, .legacy = false},
    {.oid = "2.16.840.1.101.3.4.2.3", .hmac_oid = "1.2.840.113549.2.11", .name = "SHA2-512", .size = 64, .legacy = false},
    {.oid = "2.16.840.1.101.3.4.2.4", .hmac_oid = "1.2.840.113549.2.8", .name = "SHA2-224", .size = 28, .legacy = false},
    {.oid = "2.16.840.1.101.3.4.2.5", .hmac_oid = "1.2.840.113549.2.12", .name = "SHA2-512/224", .size = 28, .legacy = false},
    {.oid = "2.16.840.1.101.3.4.2.6", .hmac_oid = "1.2.840.113549.2.13", .name = "SHA2-512/256", .size = 32, .legacy = false},
    {.oid = "2.16.840.1.101.3.4.2.7", .hmac_oid = "2.16.840.1.101.3.4.2.13", .name = "SHA3-224", .size = 28, .legacy = false},
    {.oid = "2.16.840.1.101.3.4.2.8", .hmac_oid = "2.16.840.1.101.3.4.2.14", .name = "SHA3-256", .size = 32, .legacy = false},
    {.oid = "2.16.840.1.101.3.4.2.9", .hmac_oid = "2.16.840.1.101.3.4.2.15", .name = "SHA3-384", .size = 48, .legacy = false},
    {.oid = "2.16.840.1.101.3.4.2.10", .hmac_oid = "2.16.840.1.101.3.4.2.16", .name = "SHA3-512", .size = 64, .legacy = false},
    {.oid = "1.2.840.113549.2.5", .hmac_oid = "1.2.840.113549.2.6", .name = "MD5", .size = 16, .legacy = false},
    {.oid = "1.2.156.10197.1.401", .hmac_oid = "1.2.156.10197.1.401.2", .name = "SM3", .size = 32, .legacy = false},
    {.oid = "1.2.840.113549.2.4", .hmac_oid = "", .name = "MD4", .size = 16, .legacy = true},
    {.oid = "1.3.36.3.2.1", .hmac_oid = "", .name = "RIPEMD160", .size = 20, .legacy = true},
};

constexpr const DigestRow& kSha1 = kDigests[0];
constexpr const DigestRow& kMd5 = kDigests[11];

using enum CipherRow::Parameters;

constexpr CipherRow Row(std::string_view oid, const char* name, std::size_t key, std::size_t iv, bool legacy = false) {
  return {.oid = oid, .name = name, .key_size = key, .iv_size = iv, .legacy = legacy, .any_key_size = false, .parameters = kIv};
}
constexpr CipherRow Legacy(const char* name, std::size_t key, std::size_t iv) { return Row("", name, key, iv, true); }

constexpr CipherRow kCiphers[] = {
    Row("2.16.840.1.101.3.4.1.2", "AES-128-CBC", 16, 16),
    Row("2.16.840.1.101.3.4.1.22", "AES-192-CBC", 24, 16),
    Row("2.16.840.1.101.3.4.1.42", "AES-256-CBC", 32, 16),
    Row("1.2.840.113549.3.7", "DES-EDE3-CBC", 24, 8),
    Row("1.2.392.200011.61.1.1.1.2", "CAMELLIA-128-CBC", 16, 16),
    Row("1.2.392.200011.61.1.1.1.3", "CAMELLIA-192-CBC", 24, 16),
    Row("1.2.392.200011.61.1.1.1.4", "CAMELLIA-256-CBC", 32, 16),
    Row("1.2.410.200046.1.1.2", "ARIA-128-CBC", 16, 16),
    Row("1.2.410.200046.1.1.7", "ARIA-192-CBC", 24, 16),
    Row("1.2.410.200046.1.1.12", "ARIA-256-CBC", 32, 16),
    Row("1.2.156.10197.1.104.2", "SM4-CBC", 16, 16),
    Row("1.2.410.200004.1.4", "SEED-CBC", 16, 16, true),
    Row("1.3.14.3.2.7", "DES-CBC", 8, 8, true),
    Row("1.3.6.1.4.1.188.7.1.1.2", "IDEA-CBC", 16, 8, true),
    {.oid = "1.2.840.113549.3.2", .name = "RC2-CBC", .key_size = 16, .iv_size = 8, .legacy = true, .any_key_size = true, .parameters = kRc2},
    {.oid = "1.3.6.1.4.1.3029.1.2", .name = "BF-CBC", .key_size = 16, .iv_size = 8, .legacy = true, .any_key_size = true, .parameters = kIv},
    {.oid = "1.2.840.113533.7.66.10", .name = "CAST5-CBC", .key_size = 16, .iv_size = 8, .legacy = true, .any_key_size = true, .parameters = kCast5},
};

using enum Pbes1Row::Derivation;

constexpr Pbes1Row kPbes1[] = {
    {.oid = "1.2.840.113549.1.12.1.1", .name = "pbeWithSHAAnd128BitRC4", .derivation = kPkcs12, .digest = kSha1, .cipher = Legacy("RC4", 16, 0)},
    {.oid = "1.2.840.113549.1.12.1.2", .name = "pbeWithSHAAnd40BitRC4", .derivation = kPkcs12, .digest = kSha1, .cipher = Legacy("RC4-40", 5, 0)},
    {.oid = "1.2.840.113549.1.12.1.3", .name = "pbeWithSHAAnd3-KeyTripleDES-CBC", .derivation = kPkcs12, .digest = kSha1, .cipher = Row("", "DES-EDE3-CBC", 24, 8)},
    {.oid = "1.2.840.113549.1.12.1.4", .name = "pbeWithSHAAnd2-KeyTripleDES-CBC", .derivation = kPkcs12, .digest = kSha1, .cipher = Row("", "DES-EDE-CBC", 16, 8)},
    {.oid = "1.2.840.113549.1.12.1.5", .name = "pbeWithSHAAnd128BitRC2-CBC", .derivation = kPkcs12, .digest = kSha1, .cipher = Legacy("RC2-CBC", 16, 8)},
    {.oid = "1.2.840.113549.1.12.1.6", .name = "pbeWithSHAAnd40BitRC2-CBC", .derivation = kPkcs12, .digest = kSha1, .cipher = Legacy("RC2-40-CBC", 5, 8)},
    {.oid = "1.2.840.113549.1.5.3", .name = "pbeWithMD5AndDES-CBC", .derivation = kPbkdf1, .digest = kMd5, .cipher = Legacy("DES-CBC", 8, 8)},
    {.oid = "1.2.840.113549.1.5.6", .name = "pbeWithMD5AndRC2-CBC", .derivation = kPbkdf1, .digest = kMd5, .cipher = Legacy("RC2-64-CBC", 8, 8)},
    {.oid = "1.2.840.113549.1.5.10", .name = "pbeWithSHA1AndDES-CBC", .derivation = kPbkdf1, .digest = kSha1, .cipher = Legacy("DES-CBC", 8, 8)},
    {.oid = "1.2.840.113549.1.5.11", .name = "pbeWithSHA1AndRC2-CBC", .derivation = kPbkdf1, .digest = kSha1, .cipher = Legacy("RC2-64-CBC", 8, 8)},
};
// clang-format on

template <class Rows, class Column>
auto* Find(const Rows& rows, Column column, std::string_view oid) noexcept {
  const auto* row = std::ranges::find(rows, oid, column);
  return row != std::end(rows) && !oid.empty() ? row : nullptr;
}

// HmacAlias maps the two HMACs that have an older OID (RFC 8018 knows only the new ones).
std::string_view HmacAlias(std::string_view oid) noexcept {
  if (oid == "1.3.6.1.5.5.8.1.1") return "1.2.840.113549.2.6";
  if (oid == "1.3.6.1.5.5.8.1.2") return "1.2.840.113549.2.7";
  return oid;
}

}  // namespace

const DigestRow* FindDigest(std::string_view oid) noexcept { return Find(kDigests, &DigestRow::oid, oid); }
const DigestRow* FindHmac(std::string_view oid) noexcept {
  return Find(kDigests, &DigestRow::hmac_oid, HmacAlias(oid));
}
const CipherRow* FindCipher(std::string_view oid) noexcept { return Find(kCiphers, &CipherRow::oid, oid); }
const Pbes1Row* FindPbes1(std::string_view oid) noexcept { return Find(kPbes1, &Pbes1Row::oid, oid); }

OSSL_LIB_CTX* ContextFor(bool legacy, std::string_view algorithm) {
  return legacy ? LegacyContext(algorithm) : OwnContext();
}

void ThrowUnsupported(std::string_view what, const std::string& oid) {
  const int nid = OBJ_txt2nid(oid.c_str());
  throw Error(
      {.code = ErrorCode::kUnsupported,
       .detail = nid != NID_undef
                     ? fmt::format("{} uses {} ({}), which is not supported", what, OBJ_nid2ln(nid), oid)
                     : fmt::format("{} uses the algorithm {}, which is not supported", what, oid),
       .mend = "Export it again with AES and SHA-256 (PBES2)."});
}

}  // namespace signet

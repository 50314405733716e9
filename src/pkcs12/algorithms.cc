#include "pkcs12/algorithms.h"

#include "base/openssl_context.h"
#include "base/openssl_error.h"
#include "pkcs12/legacy_context.h"
#include <signet/error.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/objects.h>

namespace signet::inline pkcs12 {
namespace {

using Names = std::pair<std::string_view, std::string_view>;

// HMACs that EVP_PBE_find does not know as PRFs, with their hashes: the OIDs of RFC 2104's first registrants,
// SHA-3 (OpenSSL 3.0 lacks it there), and both of SM3.
constexpr Names kHmacs[] = {
    {"1.3.6.1.5.5.8.1.1", "1.2.840.113549.2.5"},             // MD5
    {"1.3.6.1.5.5.8.1.2", "1.3.14.3.2.26"},                  // SHA-1
    {"1.3.6.1.5.5.8.1.4", "1.3.36.3.2.1"},                   // RIPEMD-160
    {"2.16.840.1.101.3.4.2.13", "2.16.840.1.101.3.4.2.7"},   // SHA3-224
    {"2.16.840.1.101.3.4.2.14", "2.16.840.1.101.3.4.2.8"},   // SHA3-256
    {"2.16.840.1.101.3.4.2.15", "2.16.840.1.101.3.4.2.9"},   // SHA3-384
    {"2.16.840.1.101.3.4.2.16", "2.16.840.1.101.3.4.2.10"},  // SHA3-512
    {"1.2.156.10197.1.401.2", "1.2.156.10197.1.401"},        // SM3
    {"1.2.156.10197.1.401.3.1", "1.2.156.10197.1.401"},      // SM3
};

// Ciphers whose OID no OpenSSL knows.
constexpr Names kCiphers[] = {
    {"1.2.840.113549.1.9.16.3.18", "ChaCha20-Poly1305"},  // RFC 8103
};

std::string_view Find(std::span<const Names> rows, std::string_view key) noexcept {
  const auto row = std::ranges::find(rows, key, &Names::first);
  return row != rows.end() ? row->second : std::string_view();
}

std::string Dotted(int nid) {
  char text[80] = "";
  OBJ_obj2txt(text, sizeof text, OBJ_nid2obj(nid), 1);
  return text;
}

// NameOf gives OpenSSL's name with the OID, or the OID alone.
std::string NameOf(const std::string& oid) {
  const int nid = OBJ_txt2nid(oid.c_str());
  return nid != NID_undef ? fmt::format("{} ({})", OBJ_nid2ln(nid), oid)
                          : fmt::format("the algorithm {}", oid);
}

[[noreturn]] void ThrowLacking(std::string_view what, const std::string& oid, std::string_view why) {
  throw Error({.code = ErrorCode::kUnsupported,
               .detail = fmt::format("{} uses {}, which {}", what, NameOf(oid), why),
               .hint = "Export it again with AES and SHA-256 (PBES2)."});
}

// LegacyIfThere gives the legacy context, or null without the module.
OSSL_LIB_CTX* LegacyIfThere(std::string_view algorithm) {
  try {
    return LegacyContext(algorithm);
  } catch (const Error&) {
    return nullptr;
  }
}

// FetchFirst gives `fetch(context)` of the first context that has the algorithm, with that context. What
// OpenSSL has no name for is in no provider either, and is no reason to load the legacy module.
template <class Fetch>
auto FetchFirst(std::string_view what, const std::string& oid, bool known, Fetch fetch) {
  const OpenSslErrorMark mark;
  if (auto found = fetch(OwnContext())) return std::pair(std::move(found), OwnContext());
  if (!known) ThrowUnsupported(what, oid);
  OSSL_LIB_CTX* legacy = LegacyIfThere(oid);
  if (legacy == nullptr) {
    ThrowOpenSsl(
        ErrorCode::kUnsupported, "OSSL_PROVIDER_load",
        fmt::format("{} uses {}, which requires OpenSSL's legacy module, and this module cannot be loaded",
                    what, NameOf(oid)),
        "Install it (on Debian 13: openssl-provider-legacy), or export the file again with AES.");
  }
  if (auto found = fetch(legacy)) return std::pair(std::move(found), legacy);
  ThrowUnsupported(what, oid);
}

bool IsKnown(const std::string& oid) {
  return OBJ_txt2nid(oid.c_str()) != NID_undef || !Find(kCiphers, oid).empty();
}

Cipher::Parameters ParametersOf(const EVP_CIPHER* cipher, std::size_t iv_size) {
  if ((EVP_CIPHER_get_flags(cipher) & EVP_CIPH_FLAG_AEAD_CIPHER) != 0) return Cipher::Parameters::kAead;
  if (iv_size == 0) return Cipher::Parameters::kNone;
  if (EVP_CIPHER_is_a(cipher, "RC2-CBC") == 1) return Cipher::Parameters::kRc2;
  if (EVP_CIPHER_is_a(cipher, "CAST5-CBC") == 1) return Cipher::Parameters::kCast5;
  return Cipher::Parameters::kIv;
}

bool EncryptsFiles(int mode) {
  static constexpr int kModes[] = {EVP_CIPH_STREAM_CIPHER, EVP_CIPH_ECB_MODE, EVP_CIPH_CBC_MODE,
                                   EVP_CIPH_CFB_MODE,      EVP_CIPH_OFB_MODE, EVP_CIPH_CTR_MODE,
                                   EVP_CIPH_GCM_MODE,      EVP_CIPH_CCM_MODE};
  return std::ranges::find(kModes, mode) != std::end(kModes);
}

Cipher Described(OpenSslPtr<EVP_CIPHER> evp) {
  const auto key_size = static_cast<std::size_t>(EVP_CIPHER_get_key_length(evp.get()));
  const auto iv_size = static_cast<std::size_t>(EVP_CIPHER_get_iv_length(evp.get()));
  const int mode = EVP_CIPHER_get_mode(evp.get());
  const auto parameters = ParametersOf(evp.get(), iv_size);
  std::string name = EVP_CIPHER_get0_name(evp.get());
  return {std::move(name), std::move(evp), key_size, iv_size, mode, parameters};
}

// CipherNamed fetches by the OID, and by OpenSSL's name for it where no provider states the OID.
OpenSslPtr<EVP_CIPHER> CipherNamed(OSSL_LIB_CTX* context, const std::string& oid) {
  OpenSslPtr<EVP_CIPHER> cipher(EVP_CIPHER_fetch(context, oid.c_str(), nullptr));
  if (cipher != nullptr) return cipher;
  std::string_view name = Find(kCiphers, oid);
  if (const int nid = OBJ_txt2nid(oid.c_str()); name.empty() && nid != NID_undef) name = OBJ_nid2sn(nid);
  if (!name.empty()) cipher.reset(EVP_CIPHER_fetch(context, std::string(name).c_str(), nullptr));
  return cipher;
}

}  // namespace

bool Cipher::HasKeysOf(std::size_t size) const {
  if (size == key_size) return true;
  const OpenSslErrorMark mark;
  const OpenSslPtr<EVP_CIPHER_CTX> run(CheckOpenSsl(EVP_CIPHER_CTX_new(), "EVP_CIPHER_CTX_new"));
  const int asked = static_cast<int>(size);
  return EVP_DecryptInit_ex2(run.get(), evp.get(), nullptr, nullptr, nullptr) == 1 &&
         EVP_CIPHER_CTX_set_key_length(run.get(), asked) == 1 &&
         EVP_CIPHER_CTX_get_key_length(run.get()) == asked;
}

Digest FindDigest(std::string_view what, const std::string& oid) {
  const auto [md, context] = FetchFirst(what, oid, IsKnown(oid), [&](OSSL_LIB_CTX* in) {
    return OpenSslPtr<EVP_MD>(EVP_MD_fetch(in, oid.c_str(), nullptr));
  });
  if (EVP_MD_get_size(md.get()) <= 0 || (EVP_MD_get_flags(md.get()) & EVP_MD_FLAG_XOF) != 0)
    ThrowLacking(what, oid, "has no HMAC");
  return {EVP_MD_get0_name(md.get()), static_cast<std::size_t>(EVP_MD_get_size(md.get())), context};
}

Digest FindHmac(std::string_view what, const std::string& oid) {
  int digest = NID_undef;
  const int hmac = OBJ_txt2nid(oid.c_str());
  const std::string_view row = Find(kHmacs, oid);
  const std::string hash =
      !row.empty() ? std::string(row)
      : hmac != NID_undef && EVP_PBE_find(EVP_PBE_TYPE_PRF, hmac, nullptr, &digest, nullptr) == 1
          ? Dotted(digest)
          : std::string();
  if (hash.empty()) ThrowUnsupported(what, oid);
  return FindDigest(what, hash);
}

Cipher FindCipher(std::string_view what, const std::string& oid) {
  auto [evp, context] =
      FetchFirst(what, oid, IsKnown(oid), [&](OSSL_LIB_CTX* in) { return CipherNamed(in, oid); });
  Cipher cipher = Described(std::move(evp));
  if (!EncryptsFiles(cipher.mode)) ThrowLacking(what, oid, "has a mode that is not for files");
  return cipher;
}

std::optional<Pbes1> FindPbes1(std::string_view what, const std::string& oid) {
  const bool pkcs12 = oid.starts_with("1.2.840.113549.1.12.1.");
  if (!pkcs12 && !oid.starts_with("1.2.840.113549.1.5.")) return std::nullopt;
  const int scheme = OBJ_txt2nid(oid.c_str());
  int cipher = NID_undef;
  int digest = NID_undef;
  if (scheme == NID_undef || EVP_PBE_find(EVP_PBE_TYPE_OUTER, scheme, &cipher, &digest, nullptr) != 1 ||
      cipher <= 0 || digest <= 0)
    return std::nullopt;
  auto [evp, context] = FetchFirst(what, oid, true, [&](OSSL_LIB_CTX* in) {
    return OpenSslPtr<EVP_CIPHER>(EVP_CIPHER_fetch(in, OBJ_nid2sn(cipher), nullptr));
  });
  Cipher described = Described(std::move(evp));
  described.parameters = Cipher::Parameters::kNone;
  return Pbes1{pkcs12 ? Pbes1::Derivation::kPkcs12 : Pbes1::Derivation::kPbkdf1,
               FindDigest(what, Dotted(digest)), std::move(described)};
}

void ThrowUnsupported(std::string_view what, const std::string& oid) {
  ThrowLacking(what, oid, "is not supported");
}

}  // namespace signet::inline pkcs12

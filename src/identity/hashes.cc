#include "identity/hashes.h"

#include "base/openssl_context.h"
#include "base/openssl_error.h"

#include <algorithm>
#include <array>
#include <string>

#include <fmt/format.h>
#include <openssl/evp.h>
#include <strings.h>

namespace signet::inline identity {
namespace {

using std::string_view_literals::operator""sv;

// clang-format off
constexpr HashRow kHashes[] = {
    {.hash = Hash::kMd5, .name = "MD5", .alias = "MD5", .size = 16,
     .digest_info = "\x30\x20\x30\x0c\x06\x08\x2a\x86\x48\x86\xf7\x0d\x02\x05\x05\x00\x04\x10"sv},
    {.hash = Hash::kSha1, .name = "SHA1", .alias = "SHA-1", .size = 20,
     .digest_info = "\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14"sv},
    {.hash = Hash::kSha224, .name = "SHA2-224", .alias = "SHA-224", .size = 28,
     .digest_info = "\x30\x2d\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x04\x05\x00\x04\x1c"sv},
    {.hash = Hash::kSha256, .name = "SHA2-256", .alias = "SHA-256", .size = 32,
     .digest_info = "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"sv},
    {.hash = Hash::kSha384, .name = "SHA2-384", .alias = "SHA-384", .size = 48,
     .digest_info = "\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30"sv},
    {.hash = Hash::kSha512, .name = "SHA2-512", .alias = "SHA-512", .size = 64,
     .digest_info = "\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40"sv},
    {.hash = Hash::kSha3_224, .name = "SHA3-224", .alias = "SHA-3(224)", .size = 28,
     .digest_info = "\x30\x2d\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x07\x05\x00\x04\x1c"sv},
    {.hash = Hash::kSha3_256, .name = "SHA3-256", .alias = "SHA-3(256)", .size = 32,
     .digest_info = "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x08\x05\x00\x04\x20"sv},
    {.hash = Hash::kSha3_384, .name = "SHA3-384", .alias = "SHA-3(384)", .size = 48,
     .digest_info = "\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x09\x05\x00\x04\x30"sv},
    {.hash = Hash::kSha3_512, .name = "SHA3-512", .alias = "SHA-3(512)", .size = 64,
     .digest_info = "\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x0a\x05\x00\x04\x40"sv},
};
// clang-format on

bool SameName(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

// SameCompactName takes "SHA256" for "SHA-256", as programs call it to OpenSSL.
bool SameCompactName(std::string_view a, std::string_view alias) {
  const std::size_t hyphen = alias.find('-');
  return hyphen < a.size() && SameName(a.substr(0, hyphen), alias.substr(0, hyphen)) &&
         SameName(a.substr(hyphen), alias.substr(hyphen + 1));
}

}  // namespace

std::span<const HashRow> Hashes() noexcept { return kHashes; }

const HashRow& RowOf(Hash hash) {
  for (const HashRow& row : kHashes) {
    if (row.hash == hash) return row;
  }
  throw Error({.code = ErrorCode::kBadArgument, .detail = "a signature needs a known hash"});
}

std::optional<Hash> HashFromName(std::string_view name) {
  for (const HashRow& row : kHashes) {
    if (SameName(name, row.name) || SameName(name, row.alias)) return row.hash;
    if (SameCompactName(name, row.alias)) return row.hash;
  }
  // OIDs and rarer names: each question makes libcrypto walk through a table of names.
  const std::string terminated(name);
  for (const HashRow& row : kHashes) {
    if (EVP_MD_is_a(MessageDigest(row.hash), terminated.c_str()) == 1) return row.hash;
  }
  return std::nullopt;
}

const EVP_MD* MessageDigest(Hash hash) {
  // Fetched for all hashes at once, so that later calls take no lock.
  static const auto fetched = [] {
    std::array<const EVP_MD*, std::size(kHashes)> digests{};
    for (std::size_t i = 0; i < digests.size(); ++i) {
      digests[i] = EVP_MD_fetch(OwnContext(), kHashes[i].name, nullptr);
    }
    return digests;
  }();
  const EVP_MD* digest = fetched[static_cast<std::size_t>(&RowOf(hash) - kHashes)];
  if (digest == nullptr) {
    throw Error({.code = ErrorCode::kUnsupported,
                 .detail = fmt::format("this OpenSSL does not support {}", RowOf(hash).name),
                 .hint = "Use another hash."});
  }
  return digest;
}

std::size_t PutDigestInfo(Hash hash, std::span<const std::uint8_t> digest, std::span<std::uint8_t> to) {
  const std::string_view prefix = hash == Hash::kNone ? std::string_view() : RowOf(hash).digest_info;
  if (to.size() < prefix.size() + digest.size()) {
    throw Error({.code = ErrorCode::kBadArgument,
                 .detail = "the padded digest is too long for the RSA key",
                 .hint = "Use a shorter hash, or a longer key."});
  }
  std::ranges::copy(digest, std::ranges::copy(prefix, to.begin()).out);
  return prefix.size() + digest.size();
}

std::optional<HashedDigest> ReadDigestInfo(std::span<const std::uint8_t> der) {
  for (const HashRow& row : kHashes) {
    const std::string_view prefix = row.digest_info;
    if (der.size() != prefix.size() + row.size) continue;
    const auto same = [](std::uint8_t a, char b) { return a == static_cast<std::uint8_t>(b); };
    if (std::ranges::equal(der.first(prefix.size()), prefix, same))
      return HashedDigest{row.hash, der.subspan(prefix.size())};
  }
  return std::nullopt;
}

}  // namespace signet::inline identity

#include "identity/hashes.h"

#include "base/openssl_context.h"
#include "base/openssl_error.h"

#include <array>
#include <string>

#include <fmt/format.h>
#include <openssl/evp.h>
#include <strings.h>

namespace signet {
namespace {

constexpr HashRow kHashes[] = {
    {.hash = Hash::kMd5, .name = "MD5", .alias = "MD5", .size = 16},
    {.hash = Hash::kSha1, .name = "SHA1", .alias = "SHA-1", .size = 20},
    {.hash = Hash::kSha224, .name = "SHA2-224", .alias = "SHA-224", .size = 28},
    {.hash = Hash::kSha256, .name = "SHA2-256", .alias = "SHA-256", .size = 32},
    {.hash = Hash::kSha384, .name = "SHA2-384", .alias = "SHA-384", .size = 48},
    {.hash = Hash::kSha512, .name = "SHA2-512", .alias = "SHA-512", .size = 64},
    {.hash = Hash::kSha3_224, .name = "SHA3-224", .alias = "SHA-3(224)", .size = 28},
    {.hash = Hash::kSha3_256, .name = "SHA3-256", .alias = "SHA-3(256)", .size = 32},
    {.hash = Hash::kSha3_384, .name = "SHA3-384", .alias = "SHA-3(384)", .size = 48},
    {.hash = Hash::kSha3_512, .name = "SHA3-512", .alias = "SHA-3(512)", .size = 64},
};

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

std::vector<std::uint8_t> Digest(Hash hash, std::span<const std::uint8_t> message) {
  std::vector<std::uint8_t> digest(RowOf(hash).size);
  CheckOpenSsl(
      EVP_Digest(message.data(), message.size(), digest.data(), nullptr, MessageDigest(hash), nullptr),
      "EVP_Digest");
  return digest;
}

}  // namespace signet

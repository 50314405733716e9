#pragma once

#include <signet/private_key.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <openssl/types.h>

namespace signet {

// HashRow is what the whole project knows of one hash; each layer keeps its own columns keyed by `hash`.
struct HashRow {
  Hash hash;
  const char* name;        // OpenSSL's
  std::string_view alias;  // the name in RFCs and Botan: "SHA-256"
  std::size_t size;        // bytes
};

std::span<const HashRow> Hashes() noexcept;

// RowOf gives the row of `hash`; throws Error kBadArgument for kNone.
const HashRow& RowOf(Hash hash);

// HashFromName takes every name that OpenSSL knows the hash by, and the alias.
std::optional<Hash> HashFromName(std::string_view name);

// MessageDigest gives OpenSSL's implementation in our own context; it is fetched once and lives for ever.
const EVP_MD* MessageDigest(Hash hash);

// Digest hashes `message` locally.
std::vector<std::uint8_t> Digest(Hash hash, std::span<const std::uint8_t> message);

}  // namespace signet

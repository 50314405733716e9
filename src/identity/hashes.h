#pragma once

#include <signet/key_tools.h>
#include <signet/private_key.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <openssl/types.h>

namespace signet::inline identity {

// HashRow is what the whole project knows of one hash; each layer keeps its own columns keyed by `hash`.
struct HashRow {
  Hash hash;
  const char* name;              // OpenSSL's
  std::string_view alias;        // the name in RFCs and Botan: "SHA-256"
  std::size_t size;              // bytes
  std::string_view digest_info;  // DER of a DigestInfo before the digest (RFC 8017 section 9.2)
};

std::span<const HashRow> Hashes() noexcept;

// RowOf gives the row of `hash`; throws Error kBadArgument for kNone.
const HashRow& RowOf(Hash hash);

// HashFromName takes every name that OpenSSL knows the hash by, and the alias.
std::optional<Hash> HashFromName(std::string_view name);

// MessageDigest gives OpenSSL's implementation in our own context; it is fetched once and never freed.
const EVP_MD* MessageDigest(Hash hash);

// PutDigestInfo writes the DigestInfo of a digest (RFC 8017 section 9.2) and returns its length; for
// Hash::kNone the input as it is. `to` must have 19 bytes more than the input.
std::size_t PutDigestInfo(Hash hash, std::span<const std::uint8_t> digest, std::span<std::uint8_t> to);

// HashedDigest is what a DigestInfo holds.
struct HashedDigest {
  Hash hash;
  std::span<const std::uint8_t> digest;
};
// ReadDigestInfo reads what PutDigestInfo wrote; nothing for anything else.
std::optional<HashedDigest> ReadDigestInfo(std::span<const std::uint8_t> der);

}  // namespace signet::inline identity

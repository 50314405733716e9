#include "pkcs11/keys/rsa_padding.h"

#include "base/openssl_context.h"
#include "base/openssl_error.h"
#include "base/openssl_ptr.h"
#include "identity/hashes.h"
#include <signet/error.h>

#include <algorithm>
#include <array>

#include <openssl/evp.h>
#include <openssl/rand.h>

namespace signet::inline pkcs11 {
namespace {

constexpr std::size_t kMaxHash = 64;

[[noreturn]] void ThrowTooLong() {
  throw Error({.code = ErrorCode::kBadArgument,
               .detail = "the padded digest is too long for the RSA key",
               .hint = "Use a shorter hash or salt, or a longer key."});
}

using Pieces = std::initializer_list<std::span<const std::uint8_t>>;

void HashPieces(Hash hash, Pieces pieces, std::uint8_t* digest) {
  const OpenSslPtr<EVP_MD_CTX> context(CheckOpenSsl(EVP_MD_CTX_new(), "EVP_MD_CTX_new"));
  CheckOpenSsl(EVP_DigestInit_ex2(context.get(), MessageDigest(hash), nullptr), "EVP_DigestInit_ex2");
  for (const auto& piece : pieces) {
    CheckOpenSsl(EVP_DigestUpdate(context.get(), piece.data(), piece.size()), "EVP_DigestUpdate");
  }
  CheckOpenSsl(EVP_DigestFinal_ex(context.get(), digest, nullptr), "EVP_DigestFinal_ex");
}

// XorMask applies MGF1 (RFC 8017 section B.2.1) of `seed` to `data`.
void XorMask(Hash hash, std::span<const std::uint8_t> seed, std::span<std::uint8_t> data) {
  std::array<std::uint8_t, kMaxHash> mask{};
  const std::size_t size = RowOf(hash).size;
  for (std::uint32_t counter = 0; !data.empty(); ++counter) {
    const std::array<std::uint8_t, 4> number = {
        static_cast<std::uint8_t>(counter >> 24), static_cast<std::uint8_t>(counter >> 16),
        static_cast<std::uint8_t>(counter >> 8), static_cast<std::uint8_t>(counter)};
    HashPieces(hash, {seed, number}, mask.data());
    const std::size_t part = std::min(size, data.size());
    for (std::size_t i = 0; i < part; ++i) data[i] ^= mask[i];
    data = data.subspan(part);
  }
}

}  // namespace

void PadPkcs1(std::span<const std::uint8_t> content, std::span<std::uint8_t> block) {
  if (block.size() < content.size() + 11) ThrowTooLong();
  std::ranges::fill(block, 0xff);
  block[0] = 0;
  block[1] = 1;
  const std::size_t start = block.size() - content.size();
  block[start - 1] = 0;
  std::ranges::copy(content, block.begin() + static_cast<std::ptrdiff_t>(start));
}

void PadPss(const SigningAlgorithm& algorithm, std::span<const std::uint8_t> digest, int bits,
            std::span<std::uint8_t> block) {
  const std::size_t hash = RowOf(algorithm.hash).size;
  const auto salt_size = static_cast<std::size_t>(std::max(algorithm.salt_length, 0));
  const auto encoded_bits = static_cast<std::size_t>(bits - 1);
  const std::size_t encoded_size = (encoded_bits + 7) / 8;
  if (digest.size() != hash || encoded_size < hash + salt_size + 2 || block.size() < encoded_size)
    ThrowTooLong();
  std::ranges::fill(block, 0);
  const auto encoded = block.last(encoded_size);
  const auto masked = encoded.first(encoded_size - hash - 1);
  const auto salt = masked.last(salt_size);
  const auto tag = encoded.subspan(masked.size(), hash);

  CheckOpenSsl(RAND_bytes_ex(OwnContext(), salt.data(), salt.size(), 0), "RAND_bytes_ex");
  constexpr std::array<std::uint8_t, 8> kZeros = {};
  HashPieces(algorithm.hash, {kZeros, digest, salt}, tag.data());
  masked[masked.size() - salt_size - 1] = 1;
  XorMask(algorithm.mgf1_hash, tag, masked);
  encoded.front() &= static_cast<std::uint8_t>(0xff >> (8 * encoded_size - encoded_bits));
  encoded.back() = 0xbc;
}

}  // namespace signet::inline pkcs11

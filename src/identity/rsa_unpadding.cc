#include "identity/rsa_unpadding.h"

#include "base/openssl_context.h"
#include "base/openssl_error.h"
#include "identity/constant_time.h"
#include "identity/hashes.h"
#include <signet/error.h>
#include <signet/secret.h>

#include <algorithm>
#include <array>
#include <vector>

#include <openssl/evp.h>
#include <openssl/rsa.h>

namespace signet::inline identity {
namespace {

using namespace constant_time;
using Bytes = std::span<const std::uint8_t>;
using Digest256 = std::array<std::uint8_t, 32>;

constexpr std::size_t kShortestPadding = 8;
constexpr std::size_t kLengthCandidates = 128;

Digest256 Hmac(Bytes key, Bytes data) {
  Digest256 mac;
  std::size_t size = 0;
  CheckOpenSsl(EVP_Q_mac(OwnContext(), "HMAC", nullptr, "SHA256", nullptr, key.data(), key.size(),
                         data.data(), data.size(), mac.data(), mac.size(), &size) != nullptr
                   ? 1
                   : 0,
               "EVP_Q_mac");
  return mac;
}

// Prf is the draft's IRPRF: as many bytes as `out` takes, from a key, a label and their number.
void Prf(Bytes key, std::string_view label, std::span<std::uint8_t> out) {
  const std::size_t bits = out.size() * 8;
  std::vector<std::uint8_t> input = {0, 0};
  input.insert(input.end(), label.begin(), label.end());
  input.push_back(static_cast<std::uint8_t>(bits >> 8));
  input.push_back(static_cast<std::uint8_t>(bits));
  for (std::size_t block = 0; block * 32 < out.size(); ++block) {
    input[0] = static_cast<std::uint8_t>(block >> 8);
    input[1] = static_cast<std::uint8_t>(block);
    const Digest256 mac = Hmac(key, input);
    const std::size_t begin = block * 32;
    std::copy_n(mac.begin(), std::min<std::size_t>(32, out.size() - begin),
                out.begin() + static_cast<std::ptrdiff_t>(begin));
  }
}

// Alternative is what a malformed block is said to hold: the end of `block`, `size` bytes of it.
struct Alternative {
  Secret block;
  std::size_t size = 0;
};

Alternative MakeAlternative(Bytes ciphertext, Bytes key_secret) {
  const Digest256 key = Hmac(key_secret, ciphertext);
  Alternative made{.block = Secret::OfSize(ciphertext.size())};
  Prf(key, "message", made.block.writable_bytes());
  std::array<std::uint8_t, 2 * kLengthCandidates> lengths;
  Prf(key, "length", lengths);
  const std::size_t limit = ciphertext.size() - 2 - kShortestPadding;
  std::size_t mask = limit;
  for (const int shift : {1, 2, 4, 8}) mask |= mask >> shift;
  for (std::size_t i = 0; i < lengths.size(); i += 2) {
    const std::size_t candidate = ((std::size_t{lengths[i]} << 8) | lengths[i + 1]) & mask;
    made.size = Select(Less(candidate, limit), candidate, made.size);
  }
  return made;
}

// MoveToFront shifts `bytes` left by `distance`, which does not show.
void MoveToFront(std::span<std::uint8_t> bytes, std::size_t distance) {
  for (std::size_t step = 1; step < bytes.size(); step <<= 1) {
    const Mask moves = ~IsZero(distance & step);
    for (std::size_t i = 0; i + step < bytes.size(); ++i)
      bytes[i] = Select8(moves, bytes[i + step], bytes[i]);
  }
}

void CheckSizes(Bytes block, Bytes ciphertext, std::span<const std::uint8_t> message) {
  if (block.size() == ciphertext.size() && block.size() == message.size() &&
      block.size() > 2 + kShortestPadding)
    return;
  throw Error({.code = ErrorCode::kBadArgument,
               .detail = "an encrypted block does not have the length of the modulus"});
}

}  // namespace

std::size_t UnpadPkcs1(Bytes block, Bytes ciphertext, std::span<const std::uint8_t, 32> key_secret,
                       std::span<std::uint8_t> message) {
  CheckSizes(block, ciphertext, message);
  const Alternative other = MakeAlternative(ciphertext, key_secret);
  Mask good = Equal(block[0], 0) & Equal(block[1], 2);
  Mask found = 0;
  std::size_t separator = 0;
  for (std::size_t i = 2; i < block.size(); ++i) {
    const Mask here = IsZero(block[i]) & ~found;
    separator = Select(here, i, separator);
    found |= here;
  }
  good &= found & ~Less(separator, 2 + kShortestPadding);
  const std::size_t begin = Select(good, separator + 1, block.size() - other.size);
  const std::string_view synthetic = other.block.view();
  for (std::size_t i = 0; i < block.size(); ++i) {
    message[i] = Select8(good, block[i], static_cast<std::uint8_t>(synthetic[i]));
  }
  MoveToFront(message, begin);
  return block.size() - begin;
}

std::size_t RejectPkcs1(Bytes ciphertext, std::span<const std::uint8_t, 32> key_secret,
                        std::span<std::uint8_t> message) {
  CheckSizes(ciphertext, ciphertext, message);
  const Alternative other = MakeAlternative(ciphertext, key_secret);
  std::ranges::copy(other.block.view(), message.begin());
  MoveToFront(message, message.size() - other.size);
  return other.size;
}

std::size_t UnpadOaep(const DecryptionAlgorithm& algorithm, Bytes block, std::span<std::uint8_t> message) {
  CheckSizes(block, block, message);
  const OpenSslErrorMark mark;
  const int size = static_cast<int>(block.size());
// OpenSSL has no other entry to it that takes a block.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  const int length =
      RSA_padding_check_PKCS1_OAEP_mgf1(message.data(), size, block.data(), size, size,
                                        algorithm.label.data(), static_cast<int>(algorithm.label.size()),
                                        MessageDigest(algorithm.hash), MessageDigest(algorithm.mgf1_hash));
#pragma GCC diagnostic pop
  if (length >= 0) return static_cast<std::size_t>(length);
  throw MalformedOaep();
}

Error MalformedOaep() {
  return Error({.code = ErrorCode::kBadArgument,
                .detail = "the message was encrypted for another key, or with another hash or label"});
}

}  // namespace signet::inline identity

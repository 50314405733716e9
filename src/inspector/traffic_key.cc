#include "inspector/traffic_key.h"

#include "base/openssl_context.h"
#include "base/openssl_error.h"
#include "identity/hashes.h"

#include <string>
#include <string_view>

#include <openssl/core_names.h>

namespace signet::inline inspector {
namespace {

constexpr std::size_t kHeader = 5;
constexpr int kTag = 16;
constexpr std::size_t kIv = 12;

}  // namespace

struct TrafficKey::Suite {
  std::uint16_t code;
  const char* cipher;  // OpenSSL's
  Hash hash;
  std::size_t key_size;
};

const TrafficKey::Suite* TrafficKey::FindSuite(std::uint16_t code) noexcept {
  static constexpr Suite kSuites[] = {
      {.code = 0x1301, .cipher = "AES-128-GCM", .hash = Hash::kSha256, .key_size = 16},
      {.code = 0x1302, .cipher = "AES-256-GCM", .hash = Hash::kSha384, .key_size = 32},
      {.code = 0x1303, .cipher = "ChaCha20-Poly1305", .hash = Hash::kSha256, .key_size = 32},
  };
  for (const Suite& suite : kSuites) {
    if (suite.code == code) return &suite;
  }
  return nullptr;
}

std::optional<TrafficKey> TrafficKey::Make(std::uint16_t suite, std::vector<std::uint8_t> secret) {
  const Suite* found = FindSuite(suite);
  if (found == nullptr || secret.size() != RowOf(found->hash).size) return std::nullopt;
  return TrafficKey(*found, std::move(secret));
}

TrafficKey::TrafficKey(const Suite& suite, std::vector<std::uint8_t> secret)
    : suite_(&suite),
      secret_(std::move(secret)),
      key_(Expand("key", suite.key_size)),
      iv_(Expand("iv", kIv)) {}

TrafficKey TrafficKey::Next() const { return {*suite_, Expand("traffic upd", secret_.size())}; }

// Expand is HKDF-Expand-Label with an empty context (RFC 8446 section 7.1).
std::vector<std::uint8_t> TrafficKey::Expand(std::string_view label, std::size_t size) const {
  std::string info = {static_cast<char>(size >> 8), static_cast<char>(size),
                      static_cast<char>(6 + label.size())};
  info += "tls13 ";
  info += label;
  info += '\0';
  const OpenSslPtr<EVP_KDF> kdf(EVP_KDF_fetch(OwnContext(), "HKDF", nullptr));
  const OpenSslPtr<EVP_KDF_CTX> context(EVP_KDF_CTX_new(kdf.get()));
  CheckOpenSsl(context.get(), "EVP_KDF_CTX_new");
  int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
  std::string hash = RowOf(suite_->hash).name;
  std::vector<std::uint8_t> secret = secret_;
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, hash.data(), hash.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, secret.data(), secret.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info.data(), info.size()),
      OSSL_PARAM_construct_end()};
  std::vector<std::uint8_t> expanded(size);
  CheckOpenSsl(EVP_KDF_derive(context.get(), expanded.data(), expanded.size(), parameters), "EVP_KDF_derive");
  return expanded;
}

std::optional<TrafficKey::Opened> TrafficKey::Open(std::span<const std::uint8_t> record) {
  if (record.size() < kHeader + kTag + 1) return std::nullopt;
  std::vector<std::uint8_t> nonce = iv_;
  for (std::size_t i = 0; i < 8; ++i) nonce[kIv - 1 - i] ^= static_cast<std::uint8_t>(sequence_ >> (8 * i));
  ++sequence_;
  const OpenSslErrorMark mark;
  const OpenSslPtr<EVP_CIPHER> cipher(EVP_CIPHER_fetch(OwnContext(), suite_->cipher, nullptr));
  const OpenSslPtr<EVP_CIPHER_CTX> context(EVP_CIPHER_CTX_new());
  std::vector<std::uint8_t> sealed(record.begin() + kHeader, record.end() - kTag);
  std::vector<std::uint8_t> tag(record.end() - kTag, record.end());
  std::vector<std::uint8_t> plain(sealed.size());
  int size = 0;
  const bool authentic =
      EVP_DecryptInit_ex2(context.get(), cipher.get(), key_.data(), nonce.data(), nullptr) == 1 &&
      EVP_DecryptUpdate(context.get(), nullptr, &size, record.data(), kHeader) == 1 &&
      EVP_DecryptUpdate(context.get(), plain.data(), &size, sealed.data(), static_cast<int>(sealed.size())) ==
          1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kTag, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(context.get(), plain.data() + size, &size) == 1;
  if (!authentic) return std::nullopt;
  while (!plain.empty() && plain.back() == 0) plain.pop_back();
  if (plain.empty()) return std::nullopt;
  const std::uint8_t type = plain.back();
  plain.pop_back();
  return Opened{.type = type, .content = std::move(plain)};
}

}  // namespace signet::inline inspector

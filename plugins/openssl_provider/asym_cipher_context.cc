#include "openssl_provider/asym_cipher_context.h"

#include "base/openssl_context.h"
#include "base/openssl_error.h"
#include "identity/constant_time.h"
#include "identity/hashes.h"
#include "openssl_provider/async_job.h"
#include <signet/error.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/rand.h>

namespace signet::provider {
namespace {

using Kind = DecryptionAlgorithm::Kind;

constexpr std::size_t kPremasterSize = 48;  // RFC 5246 section 7.4.7.1

struct PaddingRow {
  int number;
  const char* name;
  Kind kind;
};
constexpr PaddingRow kPaddings[] = {
    {RSA_PKCS1_PADDING, OSSL_PKEY_RSA_PAD_MODE_PKCSV15, Kind::kRsaPkcs1},
    {RSA_PKCS1_OAEP_PADDING, OSSL_PKEY_RSA_PAD_MODE_OAEP, Kind::kRsaOaep},
    {RSA_NO_PADDING, OSSL_PKEY_RSA_PAD_MODE_NONE, Kind::kRsaRaw},
    {RSA_PKCS1_WITH_TLS_PADDING, "", Kind::kRsaPkcs1},
};

[[noreturn]] void Refuse(ErrorCode code, std::string detail) {
  throw Error({.code = code, .detail = std::move(detail)});
}

void CheckTaken(int result, const char* name) {
  if (result != 1) Refuse(ErrorCode::kBadArgument, fmt::format("the parameter {} has the wrong type", name));
}

const PaddingRow& RowOfPadding(int number) {
  const auto* row = std::ranges::find(kPaddings, number, &PaddingRow::number);
  if (row == std::end(kPaddings))
    Refuse(ErrorCode::kUnsupported, "RSA encryption does not support this padding");
  return *row;
}

std::string_view Text(const OSSL_PARAM& param) {
  const char* text = nullptr;
  CheckTaken(OSSL_PARAM_get_utf8_string_ptr(&param, &text) == 1 && text != nullptr ? 1 : 0, param.key);
  return text;
}

Hash KnownHash(std::string_view name) {
  const auto hash = HashFromName(name);
  if (!hash) Refuse(ErrorCode::kUnsupported, fmt::format("OAEP with the hash {} is not supported", name));
  return *hash;
}

void ConfigureForEncryption(EVP_PKEY_CTX* context, int padding, const DecryptionAlgorithm& algorithm) {
  CheckOpenSsl(EVP_PKEY_CTX_set_rsa_padding(context, padding), "EVP_PKEY_CTX_set_rsa_padding");
  if (padding != RSA_PKCS1_OAEP_PADDING) return;
  CheckOpenSsl(EVP_PKEY_CTX_set_rsa_oaep_md(context, MessageDigest(algorithm.hash)),
               "EVP_PKEY_CTX_set_rsa_oaep_md");
  CheckOpenSsl(EVP_PKEY_CTX_set_rsa_mgf1_md(context, MessageDigest(algorithm.mgf1_hash)),
               "EVP_PKEY_CTX_set_rsa_mgf1_md");
  if (algorithm.label.empty()) return;
  OpenSslPtr<unsigned char> label(CheckOpenSsl(
      static_cast<unsigned char*>(OPENSSL_memdup(algorithm.label.data(), algorithm.label.size())),
      "OPENSSL_memdup"));
  CheckOpenSsl(
      EVP_PKEY_CTX_set0_rsa_oaep_label(context, label.get(), static_cast<int>(algorithm.label.size())),
      "EVP_PKEY_CTX_set0_rsa_oaep_label");
  (void)label.release();
}

// Whole gives `in` the length of the modulus.
std::vector<std::uint8_t> Whole(std::span<const std::uint8_t> in, std::size_t size) {
  if (in.size() > size) Refuse(ErrorCode::kBadArgument, "the block is longer than the RSA key's modulus");
  std::vector<std::uint8_t> whole(size - in.size());
  whole.insert(whole.end(), in.begin(), in.end());
  return whole;
}

// Message is a decrypted block, whose first `size` bytes are what was encrypted.
struct Message {
  Secret block;
  std::size_t size = 0;
};

Message Decrypted(PrivateKey& key, DecryptionAlgorithm algorithm, std::span<const std::uint8_t> label,
                  std::span<const std::uint8_t> encrypted) {
  algorithm.label = label;
  Message message{Secret::OfSize(encrypted.size())};
  message.size = key.Decrypt(algorithm, encrypted, message.block.writable_bytes());
  return message;
}

}  // namespace

void AsymCipherContext::Begin(Operation operation, const KeyReference* key) {
  if (key != nullptr) {
    if (operation == Operation::kDecrypt && !key->has_private())
      Refuse(ErrorCode::kBadArgument, "a public key cannot decrypt");
    key_ = key->data();
    padding_ = RSA_PKCS1_PADDING;
    hash_ = Hash::kSha1;
    mgf1_hash_.reset();
    label_.clear();
    tls_client_version_ = 0;
    tls_negotiated_version_ = 0;
  }
  if (this->key().public_key.type() != KeyType::kRsa)
    Refuse(ErrorCode::kBadArgument, "the key is not an RSA key");
  operation_ = operation;
}

const KeyData& AsymCipherContext::key() const {
  if (key_ == nullptr) Refuse(ErrorCode::kBadArgument, "the operation was not initialised");
  return *key_;
}

void AsymCipherContext::SetPadding(const OSSL_PARAM& param) {
  int number = 0;
  if (param.data_type == OSSL_PARAM_UTF8_STRING) {
    const std::string_view name = Text(param);
    const auto* row = std::ranges::find(kPaddings, name, &PaddingRow::name);
    if (row == std::end(kPaddings) || name.empty())
      Refuse(ErrorCode::kUnsupported, "RSA encryption does not support this padding");
    number = row->number;
  } else {
    CheckTaken(OSSL_PARAM_get_int(&param, &number), param.key);
  }
  padding_ = RowOfPadding(number).number;
}

void AsymCipherContext::SetParams(const OSSL_PARAM params[]) {
  if (params == nullptr || params->key == nullptr) return;
  const auto find = [params](const char* name) { return OSSL_PARAM_locate_const(params, name); };
  if (const OSSL_PARAM* padding = find(OSSL_ASYM_CIPHER_PARAM_PAD_MODE)) SetPadding(*padding);
  if (const OSSL_PARAM* hash = find(OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST)) hash_ = KnownHash(Text(*hash));
  if (const OSSL_PARAM* hash = find(OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST)) mgf1_hash_ = KnownHash(Text(*hash));
  if (const OSSL_PARAM* label = find(OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL)) {
    CheckTaken(label->data_type == OSSL_PARAM_OCTET_STRING ? 1 : 0, label->key);
    const auto* bytes = static_cast<const std::uint8_t*>(label->data);
    label_.assign(bytes, bytes + label->data_size);
  }
  const auto take_version = [&](const char* name, unsigned& version) {
    if (const OSSL_PARAM* param = find(name)) CheckTaken(OSSL_PARAM_get_uint(param, &version), name);
  };
  take_version(OSSL_ASYM_CIPHER_PARAM_TLS_CLIENT_VERSION, tls_client_version_);
  take_version(OSSL_ASYM_CIPHER_PARAM_TLS_NEGOTIATED_VERSION, tls_negotiated_version_);
  unsigned implicit = 1;
  take_version(kImplicitRejection, implicit);
  if (implicit == 0) {
    throw Error({.code = ErrorCode::kUnsupported,
                 .detail = "PKCS#1 v1.5 decryption without implicit rejection is not supported",
                 .hint = "Omit the parameter implicit-rejection."});
  }
}

void AsymCipherContext::GetParams(OSSL_PARAM params[]) const {
  if (params == nullptr) return;
  const auto find = [params](const char* name) { return OSSL_PARAM_locate(params, name); };
  if (OSSL_PARAM* padding = find(OSSL_ASYM_CIPHER_PARAM_PAD_MODE)) {
    const bool text = padding->data_type == OSSL_PARAM_UTF8_STRING;
    CheckTaken(text ? OSSL_PARAM_set_utf8_string(padding, RowOfPadding(padding_).name)
                    : OSSL_PARAM_set_int(padding, padding_),
               padding->key);
  }
  if (OSSL_PARAM* hash = find(OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST))
    CheckTaken(OSSL_PARAM_set_utf8_string(hash, RowOf(hash_).name), hash->key);
  if (OSSL_PARAM* hash = find(OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST))
    CheckTaken(OSSL_PARAM_set_utf8_string(hash, RowOf(mgf1_hash()).name), hash->key);
  if (OSSL_PARAM* label = find(OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL))
    CheckTaken(OSSL_PARAM_set_octet_ptr(label, label_.data(), label_.size()), label->key);
  if (OSSL_PARAM* version = find(OSSL_ASYM_CIPHER_PARAM_TLS_CLIENT_VERSION))
    CheckTaken(OSSL_PARAM_set_uint(version, tls_client_version_), version->key);
  if (OSSL_PARAM* version = find(OSSL_ASYM_CIPHER_PARAM_TLS_NEGOTIATED_VERSION))
    CheckTaken(OSSL_PARAM_set_uint(version, tls_negotiated_version_), version->key);
  if (OSSL_PARAM* implicit = find(kImplicitRejection))
    CheckTaken(OSSL_PARAM_set_uint(implicit, 1), implicit->key);
}

DecryptionAlgorithm AsymCipherContext::Algorithm() const {
  return {.kind = RowOfPadding(padding_).kind, .hash = hash_, .mgf1_hash = mgf1_hash(), .label = label_};
}

std::size_t AsymCipherContext::Encrypt(std::span<const std::uint8_t> in, std::uint8_t* out,
                                       std::size_t room) const {
  if (operation_ != Operation::kEncrypt)
    Refuse(ErrorCode::kBadArgument, "the encryption was not initialised");
  if (out == nullptr) return modulus_size();
  const OpenSslPtr<EVP_PKEY_CTX> context(
      CheckOpenSsl(EVP_PKEY_CTX_new_from_pkey(OwnContext(), key().public_key.native(), nullptr),
                   "EVP_PKEY_CTX_new_from_pkey"));
  CheckOpenSsl(EVP_PKEY_encrypt_init(context.get()), "EVP_PKEY_encrypt_init");
  ConfigureForEncryption(context.get(), padding_, Algorithm());
  CheckOpenSsl(EVP_PKEY_encrypt(context.get(), out, &room, in.data(), in.size()), "EVP_PKEY_encrypt");
  return room;
}

std::size_t AsymCipherContext::Decrypt(std::span<const std::uint8_t> in, std::uint8_t* out,
                                       std::size_t room) const {
  if (operation_ != Operation::kDecrypt)
    Refuse(ErrorCode::kBadArgument, "the decryption was not initialised");
  if (out == nullptr) return for_tls() ? kPremasterSize : modulus_size();
  auto [message, size] = RunPausable(*key().private_key, [key = key().private_key, algorithm = Algorithm(),
                                                          label = label_, block = Whole(in, modulus_size())] {
    return Decrypted(*key, algorithm, label, block);
  });
  const std::span<const std::uint8_t> bytes = message.writable_bytes();
  const std::size_t wanted = for_tls() ? kPremasterSize : size;
  if (room < wanted || bytes.size() < kPremasterSize)
    Refuse(ErrorCode::kBadArgument, "the buffer is too short");
  if (for_tls()) {
    TakePremaster(bytes, size, out);
  } else {
    std::copy_n(bytes.begin(), size, out);
  }
  return wanted;
}

// TakePremaster gives a random premaster secret if the message is not valid for this handshake, which must
// not show (RFC 5246 section 7.4.7.1).
void AsymCipherContext::TakePremaster(std::span<const std::uint8_t> message, std::size_t size,
                                      std::uint8_t* out) const {
  using namespace constant_time;
  if (tls_client_version_ == 0) Refuse(ErrorCode::kBadArgument, "the TLS version of the client is missing");
  std::array<std::uint8_t, kPremasterSize> random;
  CheckOpenSsl(RAND_priv_bytes_ex(OwnContext(), random.data(), random.size(), 0), "RAND_priv_bytes_ex");
  const std::size_t version = (std::size_t{message[0]} << 8) | message[1];
  Mask good = Equal(version, tls_client_version_);
  // Some clients say the negotiated version; whether that is let pass is the caller's choice.
  if (tls_negotiated_version_ != 0) good |= Equal(version, tls_negotiated_version_);
  good &= Equal(size, kPremasterSize);
  for (std::size_t i = 0; i < kPremasterSize; ++i) out[i] = Select8(good, message[i], random[i]);
}

}  // namespace signet::provider

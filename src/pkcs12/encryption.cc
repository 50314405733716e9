#include "pkcs12/encryption.h"

#include "base/openssl_error.h"
#include "base/openssl_ptr.h"
#include <signet/error.h>

#include <algorithm>
#include <limits>

#include <fmt/format.h>
#include <openssl/core_names.h>

namespace signet::inline pkcs12 {
namespace {

constexpr std::string_view kPbes2 = "1.2.840.113549.1.5.13";
constexpr std::string_view kPbkdf2 = "1.2.840.113549.1.5.12";
constexpr std::string_view kScrypt = "1.3.6.1.4.1.11591.4.11";
constexpr std::string_view kHmacSha1 = "1.2.840.113549.2.7";
constexpr std::uint64_t kMaxKeySize = 64;                 // bytes; no cipher takes more
constexpr std::uint64_t kMaxScryptMemory = 256ULL << 20;  // bytes
constexpr std::uint64_t kUsualTag = 12;                   // bytes, of an AEAD
constexpr std::uint64_t kLongestTag = 16;
constexpr std::uint64_t kMaxCount = std::numeric_limits<std::uint64_t>::max();

std::vector<std::uint8_t> Copy(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

std::uint64_t Iterations(BerReader& reader) {
  const std::uint64_t iterations = reader.Unsigned("the iteration count");
  if (iterations == 0) ThrowMalformed("the iteration count is zero");
  return iterations;
}

// Product saturates, so that a cost is never too small.
std::uint64_t Product(std::uint64_t a, std::uint64_t b) {
  return a != 0 && b > kMaxCount / a ? kMaxCount : a * b;
}

// EffectiveBits undoes the version numbers of RFC 8018 appendix B.2.3.
std::uint64_t EffectiveBits(std::uint64_t version) {
  if (version == 160) return 40;
  if (version == 120) return 64;
  if (version == 58) return 128;
  if (version >= 256 && version <= 1024) return version;
  ThrowMalformed(fmt::format("RC2 has no parameter version {}", version));
}

// NonceSizes gives the least and the most bytes of an IV or nonce.
std::pair<std::size_t, std::size_t> NonceSizes(const Cipher& cipher) {
  if (cipher.mode == EVP_CIPH_GCM_MODE) return {1, 64};
  if (cipher.mode == EVP_CIPH_CCM_MODE) return {7, 13};
  return {cipher.iv_size, cipher.iv_size};
}

}  // namespace

Pbkdf2Parameters Pbkdf2Parameters::Read(BerReader parameters) {
  Pbkdf2Parameters read;
  read.salt = Copy(parameters.Octets("the salt of PBKDF2").bytes);
  read.iterations = Iterations(parameters);
  read.key_size = parameters.TryUnsigned("the key length of PBKDF2");
  std::string oid(kHmacSha1);
  if (!parameters.done()) {
    oid = parameters.Enter(BerTag::kSequence, "the PRF of PBKDF2").Oid("the PRF of PBKDF2");
  }
  read.prf = FindHmac("PBKDF2", oid);
  return read;
}

Encryption Encryption::Read(BerReader algorithm) {
  Encryption encryption;
  const std::string oid = algorithm.Oid("an encryption algorithm");
  if (oid == kPbes2) {
    encryption.ReadPbes2(algorithm.Enter(BerTag::kSequence, "PBES2's parameters"));
  } else if (std::optional<Pbes1> scheme = FindPbes1("the encryption", oid)) {
    encryption.ReadPbes1(std::move(*scheme), algorithm);
  } else {
    ThrowUnsupported("the encryption", oid);
  }
  return encryption;
}

void Encryption::ReadPbes1(Pbes1 scheme, BerReader& algorithm) {
  derivation_ = scheme.derivation == Pbes1::Derivation::kPkcs12 ? Derivation::kPkcs12 : Derivation::kPbkdf1;
  digest_ = std::move(scheme.digest);
  cipher_ = std::move(scheme.cipher);
  key_size_ = cipher_.key_size;
  BerReader parameters = algorithm.Enter(BerTag::kSequence, "the parameters of the encryption");
  salt_ = Copy(parameters.Octets("the salt").bytes);
  iterations_ = Iterations(parameters);
}

void Encryption::ReadPbes2(BerReader parameters) {
  BerReader derivation = parameters.Enter(BerTag::kSequence, "the key derivation");
  const std::string oid = derivation.Oid("the key derivation");
  if (oid != kPbkdf2 && oid != kScrypt) ThrowUnsupported("the key derivation", oid);
  BerReader values = derivation.Enter(BerTag::kSequence, "the parameters of the key derivation");
  if (oid == kScrypt) {
    ReadScrypt(values);
  } else {
    Pbkdf2Parameters read = Pbkdf2Parameters::Read(values);
    derivation_ = Derivation::kPbkdf2;
    salt_ = std::move(read.salt);
    iterations_ = read.iterations;
    asked_key_size_ = read.key_size;
    digest_ = std::move(read.prf);
  }
  ReadCipher(parameters.Enter(BerTag::kSequence, "the cipher"));
}

// RFC 7914 section 7.1.
void Encryption::ReadScrypt(BerReader parameters) {
  derivation_ = Derivation::kScrypt;
  salt_ = Copy(parameters.Octets("the salt of scrypt").bytes);
  scrypt_n_ = parameters.Unsigned("scrypt's N");
  scrypt_r_ = parameters.Unsigned("scrypt's r");
  scrypt_p_ = parameters.Unsigned("scrypt's p");
  asked_key_size_ = parameters.TryUnsigned("the key length of scrypt");
  const std::uint64_t rp = Product(scrypt_r_, scrypt_p_);
  if (scrypt_n_ < 2 || (scrypt_n_ & (scrypt_n_ - 1)) != 0 || rp == 0 || rp >= 1U << 30) {
    ThrowMalformed("the parameters of scrypt are invalid");  // RFC 7914 section 6
  }
  // 128 r bytes for each of N + p + 2 blocks (RFC 7914: the table, the mixed blocks and two to work in).
  if (scrypt_n_ > kMaxScryptMemory ||
      Product(scrypt_n_ + scrypt_p_ + 2, scrypt_r_) > kMaxScryptMemory / 128) {
    throw Error(
        {.code = ErrorCode::kTooCostly,
         .detail = fmt::format("scrypt with these parameters needs more than {} MiB", kMaxScryptMemory >> 20),
         .hint = "Export it again with a smaller N, or with PBKDF2."});
  }
}

void Encryption::ReadCipher(BerReader algorithm) {
  const std::string oid = algorithm.Oid("the cipher");
  cipher_ = FindCipher("the encryption", oid);
  key_size_ = cipher_.key_size;
  ReadCipherParameters(algorithm);
  SettleKeySize(asked_key_size_);
  CheckIv();
}

void Encryption::CheckIv() const {
  const auto [least, most] = NonceSizes(cipher_);
  if (iv_.size() < least || iv_.size() > most) {
    ThrowMalformed(fmt::format("{} requires an IV of {} bytes, but the file has {}", cipher_.name,
                               cipher_.iv_size, iv_.size()));
  }
}

// RFC 5084 section 3: the nonce and the size of the tag, 12 where it is left out. RFC 8103: the nonce alone.
void Encryption::ReadAeadParameters(BerReader& algorithm) {
  tag_size_ = kLongestTag;
  if (algorithm.NextIs(BerTag::kOctetString)) {
    iv_ = Copy(algorithm.Octets("the nonce").bytes);
    return;
  }
  BerReader values = algorithm.Enter(BerTag::kSequence, "the cipher's parameters");
  iv_ = Copy(values.Octets("the nonce").bytes);
  const std::uint64_t size = values.TryUnsigned("the size of the tag").value_or(kUsualTag);
  const bool ccm = cipher_.mode == EVP_CIPH_CCM_MODE;
  if (size > kLongestTag || size < (ccm ? 4 : kUsualTag) || (ccm && size % 2 != 0))
    ThrowMalformed(fmt::format("{} has no tag of {} bytes", cipher_.name, size));
  tag_size_ = size;
}

void Encryption::ReadCipherParameters(BerReader& algorithm) {
  using enum Cipher::Parameters;
  if (cipher_.parameters == kNone) return;  // ECB, RC4: NULL, or nothing.
  if (cipher_.parameters == kAead) return ReadAeadParameters(algorithm);
  // OpenSSL writes the IV alone for CAST5 too.
  if (cipher_.parameters == kIv || (cipher_.parameters == kCast5 && algorithm.NextIs(BerTag::kOctetString))) {
    iv_ = Copy(algorithm.Octets("the IV").bytes);
    return;
  }
  BerReader values = algorithm.Enter(BerTag::kSequence, "the cipher's parameters");
  if (cipher_.parameters == kRc2) {
    const std::optional<std::uint64_t> version = values.TryUnsigned("RC2's parameter version");
    rc2_bits_ = version ? EffectiveBits(*version) : 32;
    key_size_ = (rc2_bits_ + 7) / 8;
    iv_ = Copy(values.Octets("the IV").bytes);
    return;
  }
  iv_ = Copy(values.Octets("the IV").bytes);
  if (const auto bits = values.TryUnsigned("the key length"))
    key_size_ = std::min<std::uint64_t>(*bits, 1024) / 8;
}

void Encryption::SettleKeySize(std::optional<std::uint64_t> asked) {
  if (asked && *asked != key_size_) {
    if (*asked == 0 || *asked > kMaxKeySize || !cipher_.HasKeysOf(*asked)) {
      ThrowMalformed(
          fmt::format("{} has keys of {} bytes, but the file requires {}", cipher_.name, key_size_, *asked));
    }
    key_size_ = *asked;
  }
  if (key_size_ == 0 || key_size_ > kMaxKeySize) ThrowMalformed("the key length of the cipher is invalid");
}

Cost Encryption::cost() const noexcept {
  const auto blocks = [&](std::size_t size) { return (size + digest_.size - 1) / digest_.size; };
  switch (derivation_) {
    case Derivation::kPkcs12:
      return {iterations_, blocks(key_size_) + blocks(cipher_.iv_size)};
    case Derivation::kPbkdf1:
      return {iterations_};
    case Derivation::kPbkdf2:
      return {iterations_, blocks(key_size_)};
    case Derivation::kScrypt:
      return {Product(Product(scrypt_n_, scrypt_r_), scrypt_p_)};
  }
  return {std::numeric_limits<std::uint64_t>::max()};
}

DerivedKey Encryption::DeriveKeyAndIv(const Password& password) const {
  const std::size_t iv_size = cipher_.iv_size;
  switch (derivation_) {
    case Derivation::kPkcs12: {
      const DerivedKey key =
          DerivePkcs12(digest_, password.bmp, salt_, iterations_, Pkcs12Purpose::kKey, key_size_);
      if (iv_size == 0) return key;
      const DerivedKey iv =
          DerivePkcs12(digest_, password.bmp, salt_, iterations_, Pkcs12Purpose::kIv, iv_size);
      DerivedKey both(key_size_ + iv_size);
      std::ranges::copy(iv.bytes(), std::ranges::copy(key.bytes(), both.data()).out);
      return both;
    }
    case Derivation::kPbkdf1:
      return DerivePbkdf1(digest_, password.utf8, salt_, iterations_, key_size_ + iv_size);
    case Derivation::kPbkdf2:
      return DerivePbkdf2(digest_, password.utf8, salt_, iterations_, key_size_);
    case Derivation::kScrypt:
      return DeriveScrypt(password.utf8, salt_, scrypt_n_, scrypt_r_, scrypt_p_, key_size_);
  }
  return DerivedKey(0);
}

// Prepare readies `run` up to the key: sizes of key, nonce and tag, which the key is expanded with.
void Encryption::Prepare(EVP_CIPHER_CTX* run, Bytes tag) const {
  CheckOpenSsl(EVP_DecryptInit_ex2(run, cipher_.evp.get(), nullptr, nullptr, nullptr), "EVP_DecryptInit_ex2");
  if (key_size_ != cipher_.key_size) {
    CheckOpenSsl(EVP_CIPHER_CTX_set_key_length(run, static_cast<int>(key_size_)),
                 "EVP_CIPHER_CTX_set_key_length");
  }
  if (rc2_bits_ != 0) {
    std::size_t bits = rc2_bits_;
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_size_t(OSSL_CIPHER_PARAM_RC2_KEYBITS, &bits),
                                 OSSL_PARAM_construct_end()};
    CheckOpenSsl(EVP_CIPHER_CTX_set_params(run, params), "EVP_CIPHER_CTX_set_params");
  }
  if (tag.empty()) return;
  CheckOpenSsl(EVP_CIPHER_CTX_ctrl(run, EVP_CTRL_AEAD_SET_IVLEN, static_cast<int>(iv_.size()), nullptr),
               "EVP_CTRL_AEAD_SET_IVLEN");
  CheckOpenSsl(EVP_CIPHER_CTX_ctrl(run, EVP_CTRL_AEAD_SET_TAG, static_cast<int>(tag.size()),
                                   const_cast<std::uint8_t*>(tag.data())),
               "EVP_CTRL_AEAD_SET_TAG");
}

std::optional<Secret> Encryption::Decrypt(const Password& password, Bytes ciphertext) const {
  const OpenSslErrorMark mark;
  if (ciphertext.size() < tag_size_ ||
      ciphertext.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()) - EVP_MAX_BLOCK_LENGTH) {
    return std::nullopt;
  }
  const DerivedKey key = DeriveKeyAndIv(password);
  // PBES2 states its IV; the older schemes derive it.
  const Bytes iv = !iv_.empty() ? Bytes(iv_) : key.bytes().subspan(key_size_);
  const Bytes tag = ciphertext.last(tag_size_);
  ciphertext = ciphertext.first(ciphertext.size() - tag_size_);

  const OpenSslPtr<EVP_CIPHER_CTX> run(CheckOpenSsl(EVP_CIPHER_CTX_new(), "EVP_CIPHER_CTX_new"));
  Prepare(run.get(), tag);
  CheckOpenSsl(
      EVP_DecryptInit_ex2(run.get(), nullptr, key.bytes().data(), iv.empty() ? nullptr : iv.data(), nullptr),
      "EVP_DecryptInit_ex2");
  Secret plain = Secret::OfSize(ciphertext.size() + EVP_MAX_BLOCK_LENGTH);
  unsigned char* out = plain.writable_bytes().data();
  const int all = static_cast<int>(ciphertext.size());
  int size = 0;
  int rest = 0;
  // CCM wants the whole size first, and verifies its tag in the same step in which it decrypts.
  const bool ccm = cipher_.mode == EVP_CIPH_CCM_MODE;
  if (ccm) CheckOpenSsl(EVP_DecryptUpdate(run.get(), nullptr, &size, nullptr, all), "EVP_DecryptUpdate");
  if (EVP_DecryptUpdate(run.get(), out, &size, ciphertext.data(), all) != 1) return std::nullopt;
  if (!ccm && EVP_DecryptFinal_ex(run.get(), out + size, &rest) != 1) return std::nullopt;
  plain.Shrink(static_cast<std::size_t>(size + rest));
  return plain;
}

}  // namespace signet::inline pkcs12

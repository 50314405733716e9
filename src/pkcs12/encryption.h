#pragma once

#include "pkcs12/algorithms.h"
#include "pkcs12/ber.h"
#include "pkcs12/cost_meter.h"
#include "pkcs12/derivation.h"
#include "pkcs12/password.h"
#include <signet/secret.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace signet::inline pkcs12 {

// Pbkdf2Parameters is RFC 8018 appendix A.2, as PBES2 and PBMAC1 use it.
struct Pbkdf2Parameters {
  std::vector<std::uint8_t> salt;
  std::uint64_t iterations = 0;
  std::optional<std::uint64_t> key_size;
  Digest prf;

  // Read throws Error kMalformed or kUnsupported.
  static Pbkdf2Parameters Read(BerReader parameters);
};

// Encryption is one password-based encryption as its AlgorithmIdentifier describes it: PBES2 (PBKDF2,
// scrypt), and the older schemes of RFC 7292 and RFC 8018. It is read, and its cost known, before anything is
// derived.
class Encryption {
 public:
  // Read takes an AlgorithmIdentifier; throws Error kMalformed, or kUnsupported naming the algorithm.
  static Encryption Read(BerReader algorithm);

  // cost is that of one Decrypt.
  Cost cost() const noexcept;
  // takes_utf8 tells whether the password goes in as UTF-8 rather than as a BMPString.
  bool takes_utf8() const noexcept { return derivation_ != Derivation::kPkcs12; }
  // Decrypt gives nothing if the padding shows that the key was wrong; throws Error kUnsupported if
  // OpenSSL lacks the algorithm.
  std::optional<Secret> Decrypt(const Password& password, Bytes ciphertext) const;

 private:
  enum class Derivation { kPkcs12, kPbkdf1, kPbkdf2, kScrypt };

  void ReadPbes1(Pbes1 scheme, BerReader& algorithm);
  void ReadPbes2(BerReader parameters);
  void ReadScrypt(BerReader parameters);
  void ReadCipher(BerReader algorithm);
  void ReadCipherParameters(BerReader& algorithm);
  void ReadAeadParameters(BerReader& algorithm);
  void CheckIv() const;
  void SettleKeySize(std::optional<std::uint64_t> asked);
  void Prepare(EVP_CIPHER_CTX* run, Bytes tag) const;
  // DeriveKeyAndIv gives the key, and the IV behind it where the file does not state one.
  DerivedKey DeriveKeyAndIv(const Password& password) const;

  Derivation derivation_ = Derivation::kPbkdf2;
  Digest digest_;
  std::vector<std::uint8_t> salt_;
  std::uint64_t iterations_ = 0;
  std::uint64_t scrypt_n_ = 0, scrypt_r_ = 0, scrypt_p_ = 0;
  std::optional<std::uint64_t> asked_key_size_;
  Cipher cipher_;
  std::size_t key_size_ = 0;
  std::uint64_t rc2_bits_ = 0;  // 0: as the cipher has it
  std::vector<std::uint8_t> iv_;
  std::size_t tag_size_ = 0;  // of an AEAD, at the end of the ciphertext
};

}  // namespace signet::inline pkcs12

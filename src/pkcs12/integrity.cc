#include "pkcs12/integrity.h"

#include "base/openssl_error.h"
#include "pkcs12/derivation.h"

#include <string>

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

namespace signet::inline pkcs12 {
namespace {

constexpr std::string_view kPbmac1 = "1.2.840.113549.1.5.14";
constexpr std::string_view kPbkdf2 = "1.2.840.113549.1.5.12";
// A shorter PBMAC1 key could be guessed, and a key of length zero is known to everybody (RFC 9579 section 7).
constexpr std::uint64_t kMinMacKeySize = 20;
constexpr std::uint64_t kMaxMacKeySize = 1024;

}  // namespace

Integrity Integrity::Read(BerReader mac_data) {
  Integrity integrity;
  BerReader digest_info = mac_data.Enter(BerTag::kSequence, "the MAC");
  BerReader algorithm = digest_info.Enter(BerTag::kSequence, "the MAC's algorithm");
  const BerOctets value = digest_info.Octets("the MAC's value");
  integrity.value_.assign(value.bytes.begin(), value.bytes.end());
  const BerOctets salt = mac_data.Octets("the MAC's salt");
  integrity.salt_.assign(salt.bytes.begin(), salt.bytes.end());
  integrity.iterations_ = mac_data.TryUnsigned("the MAC's iteration count").value_or(1);

  const std::string oid = algorithm.Oid("the MAC's algorithm");
  if (oid == kPbmac1) {
    integrity.ReadPbmac1(algorithm.Enter(BerTag::kSequence, "PBMAC1's parameters"));
  } else {
    integrity.digest_ = FindDigest("the file's MAC", oid);
    integrity.key_size_ = integrity.digest_.size;
  }
  if (integrity.iterations_ == 0) ThrowMalformed("the MAC's iteration count is zero");
  if (integrity.value_.size() != integrity.digest_.size) {
    ThrowMalformed(fmt::format("the MAC has {} bytes, but {} has {}", integrity.value_.size(),
                               integrity.digest_.name, integrity.digest_.size));
  }
  return integrity;
}

// RFC 9579: MacData's own salt and iteration count mean nothing then.
void Integrity::ReadPbmac1(BerReader parameters) {
  BerReader derivation = parameters.Enter(BerTag::kSequence, "PBMAC1's key derivation");
  const std::string oid = derivation.Oid("PBMAC1's key derivation");
  if (oid != kPbkdf2) ThrowUnsupported("the file's MAC", oid);
  Pbkdf2Parameters pbkdf2 = Pbkdf2Parameters::Read(
      derivation.Enter(BerTag::kSequence, "the parameters of PBMAC1's key derivation"));
  if (!pbkdf2.key_size) ThrowMalformed("the file does not state the key length of PBMAC1");
  if (*pbkdf2.key_size < kMinMacKeySize || *pbkdf2.key_size > kMaxMacKeySize) {
    ThrowMalformed(fmt::format("PBMAC1 has a key of {} bytes; {} to {} are allowed", *pbkdf2.key_size,
                               kMinMacKeySize, kMaxMacKeySize));
  }
  const std::string hmac = parameters.Enter(BerTag::kSequence, "PBMAC1's MAC").Oid("PBMAC1's MAC");
  digest_ = FindHmac("the file's MAC", hmac);
  prf_ = pbkdf2.prf;
  salt_ = std::move(pbkdf2.salt);
  iterations_ = pbkdf2.iterations;
  key_size_ = *pbkdf2.key_size;
  blocks_ = (key_size_ + prf_->size - 1) / prf_->size;
}

bool Integrity::Agrees(const Password& password, Bytes content) const {
  const OpenSslErrorMark mark;
  const DerivedKey key =
      prf_ ? DerivePbkdf2(*prf_, password.utf8, salt_, iterations_, key_size_)
           : DerivePkcs12(digest_, password.bmp, salt_, iterations_, Pkcs12Purpose::kMac, key_size_);
  unsigned char mac[EVP_MAX_MD_SIZE];
  std::size_t size = 0;
  if (EVP_Q_mac(digest_.context, "HMAC", nullptr, digest_.name.c_str(), nullptr, key.bytes().data(),
                key.bytes().size(), content.data(), content.size(), mac, sizeof mac, &size) == nullptr) {
    ThrowOpenSsl(ErrorCode::kUnsupported, "EVP_Q_mac",
                 fmt::format("this OpenSSL has no HMAC with {}", digest_.name),
                 "Export the file again with SHA-256.");
  }
  return size == value_.size() && CRYPTO_memcmp(mac, value_.data(), size) == 0;
}

}  // namespace signet::inline pkcs12

#include "botan/pem_identity.h"

#include "base/file.h"
#include "base/openssl_context.h"
#include "base/openssl_error.h"
#include "base/openssl_ptr.h"
#include "pkcs12/file_key.h"

#include <openssl/pem.h>

namespace signet::botan {
namespace {

constexpr std::uint64_t kLargestFile = 1 << 20;

// ReadKey reads a private key without a password from a PEM file, in whatever form OpenSSL knows.
std::shared_ptr<FileKey> ReadKey(const std::string& file) {
  const OpenSslErrorMark mark;
  const Secret text = ReadSecretFile(file);
  const OpenSslPtr<BIO> bio(BIO_new_mem_buf(text.view().data(), static_cast<int>(text.size())));
  char no_password[] = "";
  const OpenSslPtr<EVP_PKEY> key(
      PEM_read_bio_PrivateKey_ex(bio.get(), nullptr, nullptr, no_password, OwnContext(), nullptr));
  const OpenSslPtr<PKCS8_PRIV_KEY_INFO> info(key != nullptr ? EVP_PKEY2PKCS8(key.get()) : nullptr);
  unsigned char* der = nullptr;
  const int size = info != nullptr ? i2d_PKCS8_PRIV_KEY_INFO(info.get(), &der) : -1;
  const OpenSslPtr<unsigned char> owned(der);
  if (size <= 0) {
    ThrowOpenSsl(ErrorCode::kUnreadable, "PEM_read_bio_PrivateKey_ex", file + " holds no private key",
                 "Name a PEM file with an unencrypted private key with --key.");
  }
  return FileKey::FromPkcs8({der, static_cast<std::size_t>(size)});
}

}  // namespace

Identity ReadPemIdentity(const std::string& certificate_file, const std::string& key_file) {
  const std::vector<std::uint8_t> text = ReadFile(certificate_file, kLargestFile);
  std::vector<Certificate> chain =
      Certificate::FromPem({reinterpret_cast<const char*>(text.data()), text.size()});
  const Certificate leaf = chain.front();
  return Identity::Proven(CertificateChain(leaf, chain), ReadKey(key_file), Identity::Source::kApplication,
                          certificate_file);
}

}  // namespace signet::botan

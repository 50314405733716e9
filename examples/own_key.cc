// Logs in with a private key that Signet cannot reach, but this program can: it signs for Signet.
//   own_key HOST PORT CA.pem CERTIFICATE.pem KEY.pem
#include <signet/openssl_tls.h>
#include <signet/own_key.h>

#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <stdexcept>

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

struct Free {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};

// VaultKey is a key on the curve P-256 in the company's key store, for which a file stands here.
class VaultKey final : public signet::OwnKey {
 public:
  explicit VaultKey(const char* file) {
    const std::unique_ptr<BIO, Free> bio(BIO_new_file(file, "r"));
    key_.reset(bio == nullptr ? nullptr : PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
    if (key_ == nullptr) throw std::runtime_error(std::string(file) + " holds no private key");
  }

  std::vector<uint8_t> public_key() const override { return signet::SpkiFromNative(key_.get()); }

  std::vector<signet::SignatureScheme> schemes() const override {
    return {signet::SignatureScheme::kEcdsaSecp256r1Sha256};
  }

  std::vector<uint8_t> Sign(signet::SignatureScheme, std::span<const uint8_t> message) override {
    const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
    std::vector<uint8_t> signature(signet::MaxSignatureSize(public_key()));
    size_t size = signature.size();
    if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) != 1 ||
        EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()) != 1)
      throw std::runtime_error("the vault does not sign");
    signature.resize(size);
    return signature;
  }

 private:
  std::unique_ptr<EVP_PKEY, Free> key_;
};

int main(int argc, char** argv) try {
  if (argc != 6) throw std::invalid_argument("usage: own_key HOST PORT CA.pem CERTIFICATE.pem KEY.pem");
  std::ifstream file(argv[4]);
  const auto certificates =
      signet::Certificate::FromPem(std::string(std::istreambuf_iterator<char>(file), {}));
  const signet::CertificateChain chain(certificates.front(), certificates);
  const auto identity = signet::Identity::Make(chain, signet::MakeKey(std::make_shared<VaultKey>(argv[5])));

  const std::unique_ptr<SSL_CTX, Free> context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_load_verify_file(context.get(), argv[3]);
  signet::openssl::UseSelector(context.get(), signet::IdentitySet({identity}));

  const std::unique_ptr<BIO, Free> connection(BIO_new_ssl_connect(context.get()));
  SSL* ssl = nullptr;
  BIO_get_ssl(connection.get(), &ssl);
  SSL_set1_host(ssl, argv[1]);
  BIO_set_conn_hostname(connection.get(), (std::string(argv[1]) + ":" + argv[2]).c_str());
  char page[4096];
  int size = 0;
  if (BIO_do_connect(connection.get()) != 1 || BIO_puts(connection.get(), "GET / HTTP/1.0\r\n\r\n") <= 0 ||
      (size = BIO_read(connection.get(), page, sizeof page)) <= 0)
    throw signet::openssl::HandshakeError(ssl);
  for (; size > 0; size = BIO_read(connection.get(), page, sizeof page)) std::cout.write(page, size);
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";
  return 1;
}

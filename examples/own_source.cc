// Logs in with one of the identities in a directory of PEM files, the one that the server asks for.
//   own_source HOST PORT CA.pem DIRECTORY [pem:FILE]
#include <signet/identity_source.h>
#include <signet/openssl_tls.h>
#include <signet/own_source.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <stdexcept>

#include <openssl/bio.h>
#include <openssl/ssl.h>

struct Free {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};

// PemDirectory lists a directory: pem:FILE is a certificate and its private key, pem: is all of them.
class PemDirectory final : public signet::OwnSource {
 public:
  explicit PemDirectory(std::filesystem::path directory) : directory_(std::move(directory)) {}

  signet::Listing List(std::string_view uri) override {
    signet::Listing listing;
    for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
      const std::string own = "pem:" + entry.path().filename().string();
      if (uri != "pem:" && uri != own) continue;
      try {
        std::ifstream file(entry.path());
        const std::string text(std::istreambuf_iterator<char>(file), {});
        const auto read = signet::Identity::FromPem(text, text);
        listing.identities.push_back(
            signet::Identity::Make(read.chain(), read.key(), signet::Identity::Source::kApplication, own));
      } catch (const signet::Error& error) {
        listing.problems.push_back({own, error});
      }
    }
    return listing;
  }

 private:
  const std::filesystem::path directory_;
};

int main(int argc, char** argv) try {
  if (argc < 5) throw std::invalid_argument("usage: own_source HOST PORT CA.pem DIRECTORY [pem:FILE]");
  signet::IdentitySource source;
  source.Register("pem", std::make_shared<PemDirectory>(argv[4]));
  signet::Listing found;
  if (argc > 5) {
    found.identities.push_back(source.Open(argv[5]));
  } else {
    found = source.List("pem:");
  }
  for (const signet::Problem& problem : found.problems) std::cerr << problem.error.what() << "\n";

  const std::unique_ptr<SSL_CTX, Free> context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_load_verify_file(context.get(), argv[3]);
  signet::openssl::UseSelector(context.get(), signet::IdentitySet(found.identities));

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

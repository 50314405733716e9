// Fetches a page from a server that asks for a client certificate, with OpenSSL.
//   openssl_client HOST PORT CA.pem IDENTITY-URI...
#include <signet/identity_source.h>
#include <signet/openssl_tls.h>

#include <iostream>
#include <memory>
#include <vector>

#include <openssl/bio.h>
#include <openssl/ssl.h>

namespace {

struct Free {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};

int Fetch(const std::string& host, const std::string& port, const char* trust,
          signet::IdentitySet identities) {
  const std::unique_ptr<SSL_CTX, Free> context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_load_verify_file(context.get(), trust);
  SSL_CTX_set_post_handshake_auth(context.get(), 1);  // a server of TLS 1.3 may ask only for some pages
  signet::openssl::UseSelector(context.get(), std::move(identities));

  const std::unique_ptr<BIO, Free> connection(BIO_new_ssl_connect(context.get()));
  SSL* ssl = nullptr;
  BIO_get_ssl(connection.get(), &ssl);
  SSL_set1_host(ssl, host.c_str());
  SSL_set_tlsext_host_name(ssl, host.c_str());
  BIO_set_conn_hostname(connection.get(), (host + ":" + port).c_str());

  const std::string request = "GET / HTTP/1.0\r\nHost: " + host + "\r\n\r\n";
  if (BIO_do_connect(connection.get()) != 1 || BIO_puts(connection.get(), request.c_str()) <= 0) {
    std::cerr << signet::openssl::HandshakeError(ssl).what() << "\n";
    return 1;
  }
  char part[4096];
  int size = BIO_read(connection.get(), part, sizeof part);
  if (size <= 0) {  // a TLS 1.3 server refuses a client only now
    std::cerr << signet::openssl::HandshakeError(ssl).what() << "\n";
    return 1;
  }
  for (; size > 0; size = BIO_read(connection.get(), part, sizeof part)) std::cout.write(part, size);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    std::cerr << "usage: openssl_client HOST PORT CA.pem IDENTITY-URI...\n";
    return 2;
  }
  try {
    const signet::IdentitySource source;
    std::vector<signet::Identity> identities;
    for (int i = 4; i < argc; ++i) identities.push_back(source.Open(argv[i]));
    return Fetch(argv[1], argv[2], argv[3], signet::IdentitySet(std::move(identities)));
  } catch (const signet::Error& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}

// Logs in to a server that asks for a client certificate, and fetches a page.
//   first_client HOST PORT CA.pem IDENTITY-URI
#include <signet/identity_source.h>
#include <signet/openssl_tls.h>

#include <cstring>
#include <iostream>
#include <memory>

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/ssl.h>
#include <unistd.h>

// Asks the person at the terminal for a PIN or password.
class Terminal : public signet::PinPrompt {
 public:
  std::optional<signet::Secret> Ask(const signet::PinRequest& request) override {
    char* typed = getpass(("PIN or password of " + request.name + ": ").c_str());
    if (typed == nullptr) return std::nullopt;
    signet::Secret secret(typed);
    OPENSSL_cleanse(typed, std::strlen(typed));
    return secret;
  }
};

int main(int argc, char** argv) try {
  if (argc != 5) throw std::invalid_argument("usage: first_client HOST PORT CA.pem IDENTITY-URI");
  const std::string host = argv[1], port = argv[2];

  const signet::IdentitySource source(signet::ConfiguredSettings(), std::make_shared<Terminal>());
  const signet::Identity identity = source.Open(argv[4]);
  std::cerr << "I am " << identity.subject() << ", " << Description(*identity.key()) << "\n";

  const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  if (SSL_CTX_load_verify_file(context.get(), argv[3]) != 1) throw std::runtime_error("cannot read CA.pem");
  signet::openssl::UseSelector(context.get(), signet::IdentitySet({identity}));

  const std::unique_ptr<BIO, void (*)(BIO*)> connection(BIO_new_ssl_connect(context.get()), BIO_free_all);
  SSL* ssl = nullptr;
  BIO_get_ssl(connection.get(), &ssl);
  SSL_set1_host(ssl, host.c_str());
  SSL_set_tlsext_host_name(ssl, host.c_str());
  BIO_set_conn_hostname(connection.get(), (host + ":" + port).c_str());

  const std::string request = "GET / HTTP/1.0\r\nHost: " + host + "\r\n\r\n";
  char part[4096];
  int size = BIO_puts(connection.get(), request.c_str());  // connects, and does the handshake
  if (size > 0) size = BIO_read(connection.get(), part, sizeof part);
  if (size <= 0) throw signet::openssl::HandshakeError(ssl);
  for (; size > 0; size = BIO_read(connection.get(), part, sizeof part)) std::cout.write(part, size);
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";
  return 1;
}

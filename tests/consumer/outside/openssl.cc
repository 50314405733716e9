#include <signet/openssl_tls.h>

#include <cstdio>

#include <openssl/ssl.h>

int main() {
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  signet::openssl::UseSelector(context, signet::IdentitySet());
  SSL_CTX_free(context);
  std::puts("works");
}

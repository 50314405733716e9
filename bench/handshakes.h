#pragma once

#include "base/openssl_ptr.h"
#include <signet/testing/test_pki.h>

#include <string>

namespace signet::bench {

// ServerContext makes a server with a fresh certificate of `pki` that lets nobody in without a certificate of
// it; `version` is TLS1_2_VERSION or TLS1_3_VERSION, or 0 for both. Nothing is resumed.
OpenSslPtr<SSL_CTX> ServerContext(const testing::TestPki& pki, int version);
// ClientContext makes a client in `library` that trusts `pki`.
OpenSslPtr<SSL_CTX> ClientContext(const testing::TestPki& pki, OSSL_LIB_CTX* library, int version);
// UseKey configures a client with a certificate and its key from any source.
void UseKey(SSL_CTX* client, const testing::TestIdentity& identity, EVP_PKEY* key);

// Handshake is one between two contexts of this process, through memory.
class Handshake {
 public:
  enum class State { kWaits, kDone };

  Handshake(SSL_CTX* client, SSL_CTX* server);
  // Step takes both sides as far as they get: kWaits while an async job of the client is in progress. Throws
  // signet::Error where the handshake fails, or ends without the client's certificate.
  State Step();
  SSL* client() const noexcept { return client_.get(); }

 private:
  OpenSslPtr<SSL> client_;
  OpenSslPtr<SSL> server_;
};

}  // namespace signet::bench

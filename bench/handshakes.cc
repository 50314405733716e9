#include "handshakes.h"

#include "base/openssl_error.h"

namespace signet::bench {
namespace {

OpenSslPtr<X509> Native(const Certificate& certificate, OSSL_LIB_CTX* library) {
  const auto der = certificate.der();
  const unsigned char* position = der.data();
  X509* made = CheckOpenSsl(X509_new_ex(library, nullptr), "X509_new_ex");
  CheckOpenSsl(d2i_X509(&made, &position, static_cast<long>(der.size())), "d2i_X509");
  return OpenSslPtr<X509>(made);
}

void Prepare(SSL_CTX* context, const testing::TestPki& pki, OSSL_LIB_CTX* library, int version) {
  X509_STORE_add_cert(SSL_CTX_get_cert_store(context), Native(pki.root().certificate, library).get());
  CheckOpenSsl(SSL_CTX_set_min_proto_version(context, version), "SSL_CTX_set_min_proto_version");
  CheckOpenSsl(SSL_CTX_set_max_proto_version(context, version), "SSL_CTX_set_max_proto_version");
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
}

// Advance takes one side as far as it gets: SSL_ERROR_NONE, _WANT_READ or _WANT_ASYNC; throws what went wrong
// else.
int Advance(SSL* side) {
  const int result = SSL_do_handshake(side);
  if (result == 1) return SSL_ERROR_NONE;
  const int error = SSL_get_error(side, result);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_ASYNC) return error;
  ThrowOpenSsl(ErrorCode::kHandshake, "SSL_do_handshake", "the handshake failed");
}

}  // namespace

OpenSslPtr<SSL_CTX> ServerContext(const testing::TestPki& pki, int version) {
  OpenSslPtr<SSL_CTX> context(CheckOpenSsl(SSL_CTX_new(TLS_server_method()), "SSL_CTX_new"));
  Prepare(context.get(), pki, nullptr, version);
  const testing::TestIdentity server = pki.Issue([] {
    testing::CertificateOptions options = testing::CertificateOptions::Server();
    options.ip_addresses = {"127.0.0.1"};
    return options;
  }());
  const unsigned char* position = server.private_key.data();
  const OpenSslPtr<EVP_PKEY> key(
      d2i_AutoPrivateKey(nullptr, &position, static_cast<long>(server.private_key.size())));
  CheckOpenSsl(SSL_CTX_use_certificate(context.get(), Native(server.certificate, nullptr).get()),
               "SSL_CTX_use_certificate");
  CheckOpenSsl(SSL_CTX_use_PrivateKey(context.get(), key.get()), "SSL_CTX_use_PrivateKey");
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  CheckOpenSsl(SSL_CTX_set_num_tickets(context.get(), 0), "SSL_CTX_set_num_tickets");
  return context;
}

OpenSslPtr<SSL_CTX> ClientContext(const testing::TestPki& pki, OSSL_LIB_CTX* library, int version) {
  OpenSslPtr<SSL_CTX> context(
      CheckOpenSsl(SSL_CTX_new_ex(library, nullptr, TLS_client_method()), "SSL_CTX_new_ex"));
  Prepare(context.get(), pki, library, version);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  return context;
}

void UseKey(SSL_CTX* client, const testing::TestIdentity& identity, EVP_PKEY* key) {
  CheckOpenSsl(SSL_CTX_use_certificate(client, Native(identity.certificate, nullptr).get()),
               "SSL_CTX_use_certificate");
  CheckOpenSsl(SSL_CTX_use_PrivateKey(client, key), "SSL_CTX_use_PrivateKey");
}

Handshake::Handshake(SSL_CTX* client, SSL_CTX* server)
    : client_(CheckOpenSsl(SSL_new(client), "SSL_new")), server_(CheckOpenSsl(SSL_new(server), "SSL_new")) {
  BIO* client_end = nullptr;
  BIO* server_end = nullptr;
  CheckOpenSsl(BIO_new_bio_pair(&client_end, 1 << 16, &server_end, 1 << 16), "BIO_new_bio_pair");
  SSL_set_bio(client_.get(), client_end, client_end);
  SSL_set_bio(server_.get(), server_end, server_end);
  SSL_set_connect_state(client_.get());
  SSL_set_accept_state(server_.get());
}

Handshake::State Handshake::Step() {
  for (int round = 0; round < 20; ++round) {
    const int client = Advance(client_.get());
    if (client == SSL_ERROR_WANT_ASYNC) return State::kWaits;
    const int server = Advance(server_.get());
    if (client == SSL_ERROR_NONE && server == SSL_ERROR_NONE) {
      if (SSL_get0_peer_certificate(server_.get()) != nullptr) return State::kDone;
      break;
    }
  }
  throw Error({.code = ErrorCode::kHandshake, .detail = "the handshake did not end with a certificate"});
}

}  // namespace signet::bench

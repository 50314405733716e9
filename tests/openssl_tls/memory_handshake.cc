#include "openssl_tls/memory_handshake.h"

#include "openssl_tls/inspector/connection.h"
#include "openssl_tls/native.h"

namespace signet {
namespace {

OpenSslPtr<EVP_PKEY> KeyOf(const testing::TestIdentity& identity) {
  const unsigned char* position = identity.private_key.data();
  return OpenSslPtr<EVP_PKEY>(
      d2i_AutoPrivateKey(nullptr, &position, static_cast<long>(identity.private_key.size())));
}

void Trust(SSL_CTX* context, const testing::TestIdentity& identity, OSSL_LIB_CTX* library) {
  const Certificate& root = identity.issuers.empty() ? identity.certificate : identity.issuers.back();
  X509_STORE_add_cert(SSL_CTX_get_cert_store(context), openssl::NativeCertificate(root, library).get());
}

}  // namespace

TokenIdentity::TokenIdentity(const testing::TestIdentity& made, const std::string& uri)
    : key(std::make_shared<LockedKey>(made)),
      identity(Identity::Make(CertificateChain(made.certificate, made.issuers), key,
                              Identity::Source::kPkcs11, uri)) {}

OpenSslPtr<SSL_CTX> ServerContext(const testing::TestIdentity& own, const testing::TestIdentity& clients,
                                  int verify_mode) {
  OpenSslPtr<SSL_CTX> context = openssl::MakeContext(nullptr, TLS_server_method(), std::nullopt);
  CheckOpenSsl(
      SSL_CTX_use_certificate(context.get(), openssl::NativeCertificate(own.certificate, nullptr).get()),
      "SSL_CTX_use_certificate");
  CheckOpenSsl(SSL_CTX_use_PrivateKey(context.get(), KeyOf(own).get()), "SSL_CTX_use_PrivateKey");
  Trust(context.get(), clients, nullptr);
  SSL_CTX_add_client_CA(context.get(), openssl::NativeCertificate(clients.certificate, nullptr).get());
  SSL_CTX_set_verify(context.get(), verify_mode, nullptr);
  const unsigned char session_context = 1;
  SSL_CTX_set_session_id_context(context.get(), &session_context, 1);
  return context;
}

OpenSslPtr<SSL_CTX> ClientContext(const testing::TestIdentity& trusted, OSSL_LIB_CTX* library) {
  OpenSslPtr<SSL_CTX> context = openssl::MakeContext(library, TLS_client_method(), std::nullopt);
  Trust(context.get(), trusted, library);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  return context;
}

void SetVersion(SSL_CTX* context, const std::string& version) {
  const int number = version == "1.2" ? TLS1_2_VERSION : TLS1_3_VERSION;
  SSL_CTX_set_min_proto_version(context, number);
  SSL_CTX_set_max_proto_version(context, number);
}

MemoryHandshake::MemoryHandshake(SSL_CTX* client, SSL_CTX* server)
    : client_(SSL_new(client)),
      server_(SSL_new(server)),
      client_recording_(client_.get(), Recorder::Side::kClient),
      server_recording_(server_.get(), Recorder::Side::kServer) {
  BIO* client_end = nullptr;
  BIO* server_end = nullptr;
  CheckOpenSsl(BIO_new_bio_pair(&client_end, 1 << 18, &server_end, 1 << 18), "BIO_new_bio_pair");
  SSL_set_bio(client_.get(), client_end, client_end);
  SSL_set_bio(server_.get(), server_end, server_end);
  SSL_set_connect_state(client_.get());
  SSL_set_accept_state(server_.get());
}

bool MemoryHandshake::Run() {
  for (int round = 0; round < 20; ++round) {
    const int client_result = SSL_do_handshake(client());
    const int server_result = SSL_do_handshake(server());
    if (client_result == 1 && server_result == 1) return true;
    const bool client_waits =
        client_result == 1 || SSL_get_error(client(), client_result) == SSL_ERROR_WANT_READ;
    const bool server_waits =
        server_result == 1 || SSL_get_error(server(), server_result) == SSL_ERROR_WANT_READ;
    if (!client_waits || !server_waits) return false;
  }
  return false;
}

bool MemoryHandshake::Exchange() {
  char byte = 'x';
  for (int round = 0; round < 4; ++round) {
    if (SSL_write(server(), &byte, 1) != 1 || SSL_read(client(), &byte, 1) != 1) return false;
    if (SSL_write(client(), &byte, 1) != 1 || SSL_read(server(), &byte, 1) != 1) return false;
  }
  return true;
}

std::string MemoryHandshake::CommonName(SSL* connection) {
  X509* certificate = SSL_get0_peer_certificate(connection);
  if (certificate == nullptr) return {};
  char name[128] = "";
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
  return name;
}

}  // namespace signet

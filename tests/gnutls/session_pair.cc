#include "gnutls/session_pair.h"

#include <stdexcept>
#include <thread>

#include <gnutls/x509.h>
#include <sys/socket.h>
#include <unistd.h>

namespace signet {
namespace {

void Check(int status, const char* call) {
  if (status < 0) throw std::runtime_error(std::string(call) + ": " + gnutls_strerror(status));
}

gnutls_datum_t Datum(const std::string& text) {
  return {reinterpret_cast<unsigned char*>(const_cast<char*>(text.data())),
          static_cast<unsigned>(text.size())};
}

void Trust(gnutls_certificate_credentials_t credentials, const testing::TestPki& pki) {
  const std::string pem = pki.root().CertificatePem();
  const gnutls_datum_t datum = Datum(pem);
  Check(gnutls_certificate_set_x509_trust_mem(credentials, &datum, GNUTLS_X509_FMT_PEM), "trust");
}

std::optional<std::string> PeerSubject(gnutls_session_t session) {
  unsigned count = 0;
  const gnutls_datum_t* peer = gnutls_certificate_get_peers(session, &count);
  if (peer == nullptr || count == 0) return std::nullopt;
  gnutls_x509_crt_t certificate = nullptr;
  Check(gnutls_x509_crt_init(&certificate), "gnutls_x509_crt_init");
  std::optional<std::string> subject;
  gnutls_datum_t text{};
  if (gnutls_x509_crt_import(certificate, &peer[0], GNUTLS_X509_FMT_DER) == 0 &&
      gnutls_x509_crt_get_dn3(certificate, &text, 0) == 0) {
    subject = std::string(reinterpret_cast<char*>(text.data), text.size);
    gnutls_free(text.data);
  }
  gnutls_x509_crt_deinit(certificate);
  return subject;
}

int Handshake(gnutls_session_t session) {
  int status = 0;
  do {
    status = gnutls_handshake(session);
  } while (status < 0 && gnutls_error_is_fatal(status) == 0);
  return status;
}

gnutls_session_t Start(unsigned kind, int socket, const std::string& priority,
                       gnutls_certificate_credentials_t credentials) {
  gnutls_session_t session = nullptr;
  Check(gnutls_init(&session, kind | GNUTLS_NO_SIGNAL), "gnutls_init");
  Check(gnutls_priority_set_direct(session, priority.c_str(), nullptr), "gnutls_priority_set_direct");
  Check(gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials), "gnutls_credentials_set");
  gnutls_transport_set_int(session, socket);
  gnutls_handshake_set_timeout(session, 20'000);
  return session;
}

}  // namespace

SessionPair::SessionPair(const PairOptions& options) {
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, sockets_) != 0) throw std::runtime_error("socketpair");
  gnutls_certificate_credentials_t served = options.server_credentials;
  if (served == nullptr) {
    Check(gnutls_certificate_allocate_credentials(&made_), "credentials");
    served = made_;
    const std::string chain = options.server->ChainPem(), key = options.server->PrivateKeyPem();
    const gnutls_datum_t chain_datum = Datum(chain), key_datum = Datum(key);
    Check(gnutls_certificate_set_x509_key_mem(served, &chain_datum, &key_datum, GNUTLS_X509_FMT_PEM), "key");
  }
  if (options.client_trust != nullptr) Trust(served, *options.client_trust);
  if (options.server_trust != nullptr) Trust(options.client_credentials, *options.server_trust);

  client_ = Start(GNUTLS_CLIENT, sockets_[0], options.priority, options.client_credentials);
  server_ = Start(GNUTLS_SERVER, sockets_[1],
                  options.server_priority.empty() ? options.priority : options.server_priority, served);
  gnutls_server_name_set(client_, GNUTLS_NAME_DNS, options.host.data(), options.host.size());
  if (options.server_trust != nullptr) gnutls_session_set_verify_cert(client_, options.host.c_str(), 0);
  if (options.client_trust != nullptr) {
    gnutls_certificate_server_set_request(server_, GNUTLS_CERT_REQUEST);
    gnutls_session_set_verify_cert(server_, nullptr, GNUTLS_VERIFY_DISABLE_CRL_CHECKS);
  }

  std::thread server([this] {
    result_.server_status = Handshake(server_);
    if (result_.server_status == 0) {
      result_.client_subject = PeerSubject(server_);
      gnutls_record_send(server_, "x", 1);
    } else {
      gnutls_alert_send_appropriate(server_, result_.server_status);
    }
    shutdown(sockets_[1], SHUT_WR);
  });
  result_.client_status = Handshake(client_);
  if (result_.client_status == 0) {
    char byte = 0;
    const ssize_t read = gnutls_record_recv(client_, &byte, 1);
    if (read < 0) result_.client_status = static_cast<int>(read);
    result_.server_subject = PeerSubject(client_);
    const char* name =
        gnutls_sign_get_name(static_cast<gnutls_sign_algorithm_t>(gnutls_sign_algorithm_get_client(client_)));
    if (name != nullptr) result_.client_signature = name;
  } else {
    shutdown(sockets_[0], SHUT_RDWR);
  }
  server.join();
  result_.client = client_;
}

SessionPair::~SessionPair() {
  gnutls_deinit(client_);
  gnutls_deinit(server_);
  if (made_ != nullptr) gnutls_certificate_free_credentials(made_);
  for (const int socket : sockets_) close(socket);
}

}  // namespace signet

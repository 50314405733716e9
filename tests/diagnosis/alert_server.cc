#include "diagnosis/alert_server.h"

#include "openssl_tls/memory_handshake.h"
#include <signet/openssl_tls.h>

#include <fmt/format.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

namespace signet {

AlertServer::AlertServer(std::uint8_t alert, const testing::TestIdentity& server)
    : alert_(alert), context_(SSL_CTX_new(TLS_server_method())), listener_(Socket::Listen("127.0.0.1", 0)) {
  openssl::UseIdentity(context_.get(), TokenIdentity(server).identity);
  SSL_CTX_set_tlsext_servername_callback(context_.get(), &AlertServer::Refuse);
  SSL_CTX_set_tlsext_servername_arg(context_.get(), this);
  thread_ = std::jthread([this] { Run(); });
}

AlertServer::~AlertServer() { shutdown(listener_.get(), SHUT_RDWR); }

std::string AlertServer::url() const { return fmt::format("https://localhost:{}/", listener_.port()); }

int AlertServer::Refuse(SSL*, int* alert, void* self) noexcept {
  *alert = static_cast<const AlertServer*>(self)->alert_;
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

void AlertServer::Run() try {
  while (true) {
    const Socket socket = listener_.Accept(std::chrono::seconds(5));
    const OpenSslPtr<SSL> connection(SSL_new(context_.get()));
    SSL_set_fd(connection.get(), socket.get());
    SSL_accept(connection.get());
    // What is unread when a socket is closed cuts the alert off.
    shutdown(socket.get(), SHUT_WR);
    char rest[4096];
    while (recv(socket.get(), rest, sizeof rest, 0) > 0) continue;
  }
} catch (const Error&) {
  // The listener was shut down.
}

}  // namespace signet

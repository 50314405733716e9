#include "loopback_server.h"

#include <cerrno>
#include <string_view>
#include <system_error>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace signet::bench {

LoopbackServer::LoopbackServer(SSL_CTX* context)
    : context_(context), listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  if (listener_ < 0 || bind(listener_, any, size) != 0 || listen(listener_, 16) != 0 ||
      getsockname(listener_, any, &size) != 0) {
    throw std::system_error(errno, std::generic_category(), "no server on 127.0.0.1");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Run(); });
}

LoopbackServer::~LoopbackServer() {
  stop_ = true;
  thread_.join();
  close(listener_);
}

void LoopbackServer::Run() {
  while (!stop_) {
    pollfd waiting{listener_, POLLIN, 0};
    if (poll(&waiting, 1, 50) <= 0) continue;
    const int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) continue;
    const timeval patience{10, 0};
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (context_ != nullptr && Answer(connection)) ++logins_;
    ERR_clear_error();
    close(connection);
  }
}

bool LoopbackServer::Answer(int connection) {
  static constexpr std::string_view kAnswer =
      "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n";
  const OpenSslPtr<SSL> ssl(SSL_new(context_));
  SSL_set_fd(ssl.get(), connection);
  char request[4096];
  const bool answered = SSL_accept(ssl.get()) == 1 && SSL_read(ssl.get(), request, sizeof request) > 0 &&
                        SSL_write(ssl.get(), kAnswer.data(), static_cast<int>(kAnswer.size())) > 0;
  if (!answered) return false;
  SSL_shutdown(ssl.get());
  SSL_read(ssl.get(), request, sizeof request);  // until the client has closed too
  return SSL_get0_peer_certificate(ssl.get()) != nullptr;
}

}  // namespace signet::bench

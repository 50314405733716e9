// Logs in with several identities at the same time, on one thread: while a token signs for one connection,
// the loop goes on with the others.
//   event_loop HOST PORT CA.pem IDENTITY-URI...
#include <signet/identity_source.h>
#include <signet/openssl_tls.h>

#include <iostream>
#include <memory>
#include <optional>
#include <vector>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>

class Connection {
 public:
  Connection(SSL_CTX* context, const std::string& host, const char* port, const signet::Identity& identity)
      : ssl_(SSL_new(context), SSL_free), request_("GET / HTTP/1.0\r\nHost: " + host + "\r\n\r\n") {
    BIO* const socket = BIO_new_connect((host + ":" + port).c_str());
    SSL_set_bio(ssl_.get(), socket, socket);
    if (BIO_do_connect(socket) != 1) throw std::runtime_error("cannot connect to " + host + ":" + port);
    BIO_socket_nbio(SSL_get_fd(ssl_.get()), 1);
    SSL_set1_host(ssl_.get(), host.c_str());
    SSL_set_tlsext_host_name(ssl_.get(), host.c_str());
    SSL_set_connect_state(ssl_.get());
    signet::openssl::UseSelector(ssl_.get(), signet::IdentitySet({identity}));
  }

  // Goes on as far as that is possible without waiting. Gives what to wait for, or nothing at the end.
  std::optional<pollfd> Step() {
    ERR_clear_error();
    int result = asked_ ? 1 : SSL_write(ssl_.get(), request_.data(), static_cast<int>(request_.size()));
    if (result > 0) asked_ = true;
    char part[4096];
    while (result > 0 && (result = SSL_read(ssl_.get(), part, sizeof part)) > 0) {
      answered_ = true;
      std::cout.write(part, result);
    }
    switch (SSL_get_error(ssl_.get(), result)) {
      case SSL_ERROR_WANT_READ:
        return pollfd{SSL_get_fd(ssl_.get()), POLLIN, 0};
      case SSL_ERROR_WANT_WRITE:
        return pollfd{SSL_get_fd(ssl_.get()), POLLOUT, 0};
      case SSL_ERROR_WANT_ASYNC: {  // a token signs
        std::size_t count = 0;
        SSL_get_all_async_fds(ssl_.get(), nullptr, &count);
        std::vector<OSSL_ASYNC_FD> descriptors(count);
        SSL_get_all_async_fds(ssl_.get(), descriptors.data(), &count);
        return pollfd{descriptors.at(0), POLLIN, 0};
      }
      default:
        if (!answered_) throw signet::openssl::HandshakeError(ssl_.get());
        return std::nullopt;
    }
  }

 private:
  std::unique_ptr<SSL, void (*)(SSL*)> ssl_;
  std::string request_;
  bool asked_ = false, answered_ = false;
};

int main(int argc, char** argv) try {
  if (argc < 5) throw std::invalid_argument("usage: event_loop HOST PORT CA.pem IDENTITY-URI...");
  const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ASYNC);
  if (SSL_CTX_load_verify_file(context.get(), argv[3]) != 1) throw std::runtime_error("cannot read CA.pem");
  const signet::IdentitySource source;
  std::vector<std::unique_ptr<Connection>> open;
  for (int i = 4; i < argc; ++i) {
    const signet::Identity identity = source.Open(argv[i]);
    identity.key()->Unlock();
    open.push_back(std::make_unique<Connection>(context.get(), argv[1], argv[2], identity));
  }
  while (!open.empty()) {
    std::vector<pollfd> all;
    std::erase_if(open, [&](const auto& connection) {
      const std::optional<pollfd> wait = connection->Step();
      if (wait) all.push_back(*wait);
      return !wait;
    });
    if (!all.empty()) poll(all.data(), all.size(), -1);
  }
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";
  return 1;
}

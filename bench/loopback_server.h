#pragma once

#include "base/openssl_ptr.h"

#include <atomic>
#include <cstdint>
#include <thread>

namespace signet::bench {

// LoopbackServer answers one HTTP request on each connection to a free port of 127.0.0.1, one after the
// other, and closes it. Its destructor ends it.
class LoopbackServer {
 public:
  // LoopbackServer without `context` hangs up on every connection before a byte was sent.
  explicit LoopbackServer(SSL_CTX* context);
  ~LoopbackServer();
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;

  std::uint16_t port() const noexcept { return port_; }
  // logins is how many clients have presented a certificate and were answered.
  int logins() const noexcept { return logins_; }

 private:
  void Run();
  bool Answer(int connection);

  SSL_CTX* const context_;
  int listener_;
  std::uint16_t port_ = 0;
  std::atomic<bool> stop_{false};
  std::atomic<int> logins_{0};
  std::thread thread_;
};

}  // namespace signet::bench

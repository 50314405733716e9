#pragma once

#include "base/openssl_ptr.h"
#include "inspector/socket.h"
#include <signet/testing/test_pki.h>

#include <cstdint>
#include <thread>

namespace signet {

// AlertServer ends every handshake with one fatal alert, as soon as it reads the name that the client asks
// for.
class AlertServer {
 public:
  AlertServer(std::uint8_t alert, const testing::TestIdentity& server);
  ~AlertServer();
  AlertServer(const AlertServer&) = delete;
  AlertServer& operator=(const AlertServer&) = delete;

  std::uint8_t alert() const noexcept { return alert_; }
  // url names the server by its host name: clients send it.
  std::string url() const;

 private:
  static int Refuse(SSL* connection, int* alert, void* self) noexcept;
  void Run();

  const std::uint8_t alert_;
  OpenSslPtr<SSL_CTX> context_;
  Socket listener_;
  std::jthread thread_;
};

}  // namespace signet

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace signet {

// Socket owns one TCP socket.
class Socket {
 public:
  // Connect tries each address of `host` in turn; throws Error kNetwork. Reads and writes on the socket wait
  // at most `timeout`.
  static Socket Connect(const std::string& host, std::uint16_t port, std::chrono::milliseconds timeout);
  // Listen takes `port` on `address`; port 0: a free one. Throws Error kNetwork.
  static Socket Listen(const std::string& address, std::uint16_t port);

  Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~Socket();

  int get() const noexcept { return descriptor_; }
  // Accept waits for a visitor, whose socket waits at most `timeout` for reads and writes.
  Socket Accept(std::chrono::milliseconds timeout) const;
  std::uint16_t port() const;
  // SetTimeout bounds each read and write from now on.
  void SetTimeout(std::chrono::milliseconds timeout) const;

 private:
  explicit Socket(int descriptor) noexcept : descriptor_(descriptor) {}
  int descriptor_;
};

// HostAndPort reads "host:port", "[::1]:port"; nothing for what is neither.
struct HostAndPort {
  std::string host;
  std::uint16_t port;
};
std::optional<HostAndPort> ParseHostAndPort(std::string_view text);

}  // namespace signet

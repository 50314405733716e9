#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

namespace signet {

// Socket owns one TCP socket descriptor.
class Socket {
 public:
  explicit Socket(int descriptor) noexcept : descriptor_(descriptor) {}
  Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Socket& operator=(Socket&&) = delete;
  ~Socket();
  int get() const noexcept { return descriptor_; }

  // Connect tries each address of `host` in turn; throws Error kNetwork. Reads and writes on the socket wait at
  // most `timeout`.
  static Socket Connect(const std::string& host, std::uint16_t port, std::chrono::milliseconds timeout);
  // Listen takes `port` on the loopback addresses, or on all with `everywhere`; port 0: a free one.
  static Socket Listen(std::uint16_t port, bool everywhere);
  // Accept waits for a visitor.
  Socket Accept(std::chrono::milliseconds timeout) const;
  std::uint16_t port() const;

 private:
  int descriptor_;
};

}  // namespace signet

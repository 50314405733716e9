#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace signet::inline inspector {

// IsAddress tells an IPv4 or IPv6 address from a name.
bool IsAddress(const std::string& host);

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
  // SetNonBlocking has reads and writes return at once.
  void SetNonBlocking() const;
  // SetTimeout bounds each read and write from now on.
  void SetTimeout(std::chrono::milliseconds timeout) const;

 private:
  explicit Socket(int descriptor) noexcept : descriptor_(descriptor) {}
  int descriptor_;
};

// WaitBudget bounds all the waiting for a peer on one socket, and the reading of a peer that floods: each
// wait costs at least a millisecond. What else this side does meanwhile, such as asking for a PIN, does not
// count.
class WaitBudget {
 public:
  WaitBudget(const Socket& socket, std::chrono::milliseconds total)
      : descriptor_(socket.get()), left_(total) {}
  // Wait waits for `events` of poll(2) at most `at_most`; false if they do not come, or the budget is
  // spent.
  bool Wait(short events, std::chrono::milliseconds at_most);
  // Read is called before each read that a TLS stack makes without a wait: the time since the last read or
  // wait counts, up to 200 ms, for the messages that were read. False if the budget is spent.
  bool Read();
  std::chrono::milliseconds left() const noexcept {
    return std::chrono::ceil<std::chrono::milliseconds>(left_);
  }

 private:
  using Clock = std::chrono::steady_clock;
  int descriptor_;
  Clock::duration left_;
  Clock::time_point last_ = Clock::now();
};

}  // namespace signet::inline inspector

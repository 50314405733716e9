#include "inspector/socket.h"

#include <signet/error.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string_view>

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

namespace signet::inline inspector {
namespace {

struct FreeAddresses {
  void operator()(addrinfo* addresses) const noexcept { freeaddrinfo(addresses); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

[[noreturn]] void ThrowNetwork(std::string detail, std::string_view call, int number, std::string hint) {
  throw Error(
      {.code = ErrorCode::kNetwork,
       .detail = std::move(detail),
       .call = std::string(call),
       .native = {NativeCode::Kind::kErrno, static_cast<unsigned long>(number), std::strerror(number)},
       .hint = std::move(hint)});
}

// IsThisMachine tells the names that always mean the loopback, even without a name service (RFC 6761
// section 6.3): a minimal system has no /etc/hosts.
bool IsThisMachine(std::string_view host) {
  constexpr std::string_view kName = "localhost";
  if (host.ends_with('.')) host.remove_suffix(1);
  return host.size() == kName.size() && strncasecmp(host.data(), kName.data(), kName.size()) == 0;
}

Addresses Resolve(const std::string& host, std::uint16_t port, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const char* name = (flags & AI_NUMERICHOST) == 0 && IsThisMachine(host) ? nullptr : host.c_str();
  const int status = getaddrinfo(name, std::to_string(port).c_str(), &hints, &found);
  if (status == 0) return Addresses(found);
  throw Error(
      {.code = ErrorCode::kNetwork,
       .detail = fmt::format("cannot resolve the name {}", host),
       .call = "getaddrinfo",
       .native = {NativeCode::Kind::kErrno, static_cast<unsigned long>(-status), gai_strerror(status)},
       .hint = "Check the name, and that this machine resolves names."});
}

}  // namespace

bool IsAddress(const std::string& host) {
  unsigned char address[sizeof(in6_addr)];
  return inet_pton(AF_INET, host.c_str(), address) == 1 || inet_pton(AF_INET6, host.c_str(), address) == 1;
}

Socket::~Socket() {
  if (descriptor_ >= 0) close(descriptor_);
}

void Socket::SetNonBlocking() const {
  const int flags = fcntl(descriptor_, F_GETFL);
  if (flags < 0 || fcntl(descriptor_, F_SETFL, flags | O_NONBLOCK) != 0)
    ThrowNetwork("the socket cannot be made non-blocking", "fcntl", errno, {});
}

bool WaitBudget::Wait(short events, std::chrono::milliseconds at_most) {
  const auto begin = Clock::now();
  const auto end = begin + std::min<Clock::duration>(at_most, left_);
  int ready = 0;
  do {
    const auto rest = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
    if (rest.count() <= 0) break;
    pollfd entry{.fd = descriptor_, .events = events, .revents = 0};
    ready = poll(&entry, 1, static_cast<int>(std::min<long long>(rest.count(), 1 << 30)));
  } while (ready == 0 || (ready < 0 && errno == EINTR));
  last_ = Clock::now();
  left_ -= std::min(left_, std::max<Clock::duration>(last_ - begin, std::chrono::milliseconds(1)));
  return ready > 0;
}

bool WaitBudget::Read() {
  constexpr std::chrono::milliseconds kMost{200};
  const auto now = Clock::now();
  left_ -= std::min(left_, std::min<Clock::duration>(now - last_, kMost));
  last_ = now;
  return left_ > Clock::duration::zero();
}

void Socket::SetTimeout(std::chrono::milliseconds timeout) const {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(timeout);
  const timeval value = {.tv_sec = seconds.count(),
                         .tv_usec = std::chrono::microseconds(timeout - seconds).count()};
  setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &value, sizeof value);
  setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &value, sizeof value);
}

Socket Socket::Connect(const std::string& host, std::uint16_t port, std::chrono::milliseconds timeout) {
  const Addresses addresses = Resolve(host, port, 0);
  int failure = 0;
  for (const addrinfo* at = addresses.get(); at != nullptr; at = at->ai_next) {
    Socket made(socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol));
    if (made.get() < 0) {
      failure = errno;
      continue;
    }
    made.SetTimeout(timeout);  // SO_SNDTIMEO bounds connect too
    if (connect(made.get(), at->ai_addr, at->ai_addrlen) == 0) return made;
    failure = errno;
  }
  ThrowNetwork(fmt::format("no connection to {} port {}", host, port), "connect", failure,
               "Check that the server is running and that no firewall blocks the connection.");
}

Socket Socket::Listen(const std::string& address, std::uint16_t port) {
  const Addresses addresses = Resolve(address, port, AI_PASSIVE | AI_NUMERICHOST);
  const addrinfo& at = *addresses;
  Socket made(socket(at.ai_family, at.ai_socktype | SOCK_CLOEXEC, at.ai_protocol));
  const int on = 1;
  setsockopt(made.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (made.get() < 0 || bind(made.get(), at.ai_addr, at.ai_addrlen) != 0 ||
      listen(made.get(), SOMAXCONN) != 0) {
    ThrowNetwork(fmt::format("cannot listen on {} port {}", address, port), "bind", errno,
                 "Give a free port that this user may use; 0 selects a free port.");
  }
  return made;
}

Socket Socket::Accept(std::chrono::milliseconds timeout) const {
  while (true) {
    Socket visitor(accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC));
    if (visitor.get() >= 0) {
      visitor.SetTimeout(timeout);
      return visitor;
    }
    if (errno != EINTR && errno != ECONNABORTED)
      ThrowNetwork("cannot accept a connection", "accept", errno, {});
  }
}

std::uint16_t Socket::port() const {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    ThrowNetwork("the socket has no address", "getsockname", errno, {});
  }
  if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
  return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

}  // namespace signet::inline inspector

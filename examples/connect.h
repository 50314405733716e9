#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

#include <netdb.h>
#include <sys/socket.h>

// ConnectTo gives a TCP socket that is connected to `host`.
inline int ConnectTo(const std::string& host, const std::string& port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0)
    throw std::runtime_error("unknown host " + host);
  int connected = -1;
  for (const addrinfo* address = found; address != nullptr && connected < 0; address = address->ai_next) {
    const int candidate = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(candidate, address->ai_addr, address->ai_addrlen) == 0) connected = candidate;
  }
  freeaddrinfo(found);
  if (connected < 0) throw std::runtime_error("cannot connect to " + host + ":" + port);
  return connected;
}

// SendAll sends all of it, or stops at the first error: the next read finds out.
inline void SendAll(int socket, const std::uint8_t* data, std::size_t size) {
  while (size > 0) {
    const ssize_t sent = send(socket, data, size, MSG_NOSIGNAL);
    if (sent <= 0) return;
    data += sent;
    size -= static_cast<std::size_t>(sent);
  }
}

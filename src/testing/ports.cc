#include "testing/ports.h"

#include "testing/spawn.h"
#include <signet/testing/process.h>

#include <cstddef>
#include <cstring>
#include <random>
#include <stdexcept>
#include <string>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace signet::testing {
namespace {

sockaddr_in Loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool CanBind(std::uint16_t port) {
  const Descriptor tcp(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = Loopback(port);
  return bind(tcp.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
}

// Reserve binds a name in the abstract socket namespace: it is held until this process ends, and then
// forgotten by the kernel.
bool Reserve(std::uint16_t port) {
  Descriptor name(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string text = "signet-testing-port-" + std::to_string(port);
  std::memcpy(address.sun_path + 1, text.data(), text.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + text.size());
  if (bind(name.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) return false;
  name.release();
  return true;
}

}  // namespace

bool SomebodyListens(std::uint16_t port) {
  const Descriptor tcp(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = Loopback(port);
  return connect(tcp.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
}

std::uint16_t FreePort() {
  // Below the kernel's own range for outgoing connections (32768 and up), which would race with us.
  std::random_device entropy;
  std::uniform_int_distribution<int> ports(10000, 32000);
  for (int tries = 0; tries < 1000; ++tries) {
    const auto port = static_cast<std::uint16_t>(ports(entropy));
    if (CanBind(port) && Reserve(port)) return port;
  }
  throw std::runtime_error("no free TCP port on the loopback");
}

}  // namespace signet::testing

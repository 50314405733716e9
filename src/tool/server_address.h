#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace signet::tool {

// ServerAddress is where `signet handshake` connects to, and the path that was typed with it.
struct ServerAddress {
  std::string host;  // ASCII: an internationalised name in its xn-- form; IPv6 without brackets
  std::uint16_t port = 443;
  std::string path;  // with its query; empty: none was typed
};

// ParseServer reads what people type for a server: HOST, HOST:PORT, an IPv6 address with or without brackets,
// https://HOST:PORT/PATH. Without a port it is 443. Throws Error kBadArgument.
ServerAddress ParseServer(std::string_view typed);

}  // namespace signet::tool

#include "tool/server_address.h"

#include <signet/error.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <memory>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <strings.h>
#ifdef SIGNET_HAS_IDN2
#include <idn2.h>
#endif

namespace signet::tool {
namespace {

constexpr const char* kHint = "Write HOST, HOST:PORT, [IPV6]:PORT or https://HOST/PATH.";

[[noreturn]] void ThrowNoServer(std::string_view typed, std::string_view why, std::string hint = kHint) {
  throw Error({.code = ErrorCode::kBadArgument,
               .detail = fmt::format("{} is not a server address: {}", typed, why),
               .hint = std::move(hint)});
}

bool IsIpv6(std::string_view text) {
  in6_addr address{};
  const std::string host(text.substr(0, text.find('%')));  // without its zone
  return inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

// AsciiName gives the form of a name that DNS and certificates have (IDNA 2008).
std::string AsciiName(std::string_view typed, const std::string& name) {
  const auto beyond_ascii = [](char c) { return static_cast<unsigned char>(c) >= 0x80; };
  if (std::ranges::none_of(name, beyond_ascii)) return name;
#ifdef SIGNET_HAS_IDN2
  char* ascii = nullptr;
  const int status = idn2_to_ascii_8z(name.c_str(), &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  if (status != IDN2_OK) ThrowNoServer(typed, idn2_strerror(status));
  const std::unique_ptr<char, decltype(&idn2_free)> owned(ascii, idn2_free);
  return ascii;
#else
  ThrowNoServer(typed, "this build does not support internationalised names",
                "Write the name in its ASCII form, which begins with xn--.");
#endif
}

std::uint16_t ParsePort(std::string_view typed, std::string_view number) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), port);
  if (port == 0 || error != std::errc() || end != number.data() + number.size())
    ThrowNoServer(typed, fmt::format("\"{}\" is not a port", number),
                  "Give a number from 1 to 65535; the default is 443.");
  return port;
}

// WithoutScheme takes https:// away; other schemes are refused.
std::string_view WithoutScheme(std::string_view typed) {
  const std::size_t end = typed.find("://");
  if (end == std::string_view::npos) return typed;
  const std::string scheme(typed.substr(0, end));
  if (strcasecmp(scheme.c_str(), "https") != 0)
    ThrowNoServer(typed, fmt::format("{}:// is not https://", scheme));
  return typed.substr(end + 3);
}

}  // namespace

ServerAddress ParseServer(std::string_view typed) {
  ServerAddress server;
  std::string_view rest = WithoutScheme(typed);
  const std::size_t path = std::min(rest.find_first_of("/?#"), rest.size());
  const std::string_view behind = rest.substr(path, rest.find('#') - path);
  if (behind.starts_with('?')) server.path = "/";
  server.path += behind;
  rest = rest.substr(0, path);
  if (rest.find('@') != std::string_view::npos) ThrowNoServer(typed, "it contains a user name");
  std::string_view host = rest;
  if (rest.starts_with('[')) {
    const std::size_t end = rest.find(']');
    if (end == std::string_view::npos) ThrowNoServer(typed, "its bracket is not closed");
    host = rest.substr(1, end - 1);
    if (!IsIpv6(host)) ThrowNoServer(typed, "only an IPv6 address can be in brackets");
    rest.remove_prefix(end + 1);
    if (!rest.empty() && rest.front() != ':') ThrowNoServer(typed, "a port must follow a colon");
    if (!rest.empty()) server.port = ParsePort(typed, rest.substr(1));
  } else if (IsIpv6(rest)) {
    const std::size_t zone = rest.find('%');
    if (zone != std::string_view::npos && rest.find(':', zone) != std::string_view::npos) {
      ThrowNoServer(typed, "it may end with a port or not",
                    "Put the IPv6 address in brackets: [ADDRESS%ZONE]:PORT.");
    }
  } else {
    const std::size_t colon = rest.rfind(':');
    host = rest.substr(0, colon);
    if (host.find(':') != std::string_view::npos) ThrowNoServer(typed, "it has too many colons");
    if (colon != std::string_view::npos) server.port = ParsePort(typed, rest.substr(colon + 1));
  }
  const bool blank = std::ranges::any_of(host, [](unsigned char c) { return c <= ' ' || c == 0x7f; });
  if (host.empty() || blank) ThrowNoServer(typed, "it has no host name");
  server.host = AsciiName(typed, std::string(host));
  return server;
}

}  // namespace signet::tool

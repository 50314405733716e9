#include "inspector/exchange.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include <fmt/format.h>

namespace signet::inline inspector {
namespace {

constexpr std::size_t kLongestLine = 200;

struct RefusalRow {
  std::string_view page;  // found in the response
  std::string_view detail;
  std::string_view hint;
};

// The pages are nginx's (ngx_http_special_response.c); statuses 495 and 496 are its own, sent as 400.
constexpr RefusalRow kRefusals[] = {
    {.page = "No required SSL certificate was sent",
     .detail = "the server requires a client certificate and got none (HTTP 400, No required SSL certificate "
               "was sent)",
     .hint = "Use an identity that the server accepts."},
    {.page = "The SSL certificate error",
     .detail = "the server did not accept the client certificate: it does not know its CA, or the "
               "certificate is not "
               "valid (HTTP 400, The SSL certificate error)",
     .hint = "Configure the server to trust the issuer (unknown CA), send the missing intermediates with a "
             "chain-file, and check the dates; the server's error log has the reason."},
};

}  // namespace

std::string RequestText(const std::string& request, const std::string& host) {
  if (!request.empty() && request.front() != '/') return request;
  return fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: signet\r\nConnection: close\r\n\r\n",
                     request.empty() ? "/" : request, host);
}

std::string FirstLine(std::string_view response) {
  std::string line;
  for (const char c : response.substr(0, response.find_first_of("\r\n"))) {
    if (c >= ' ' && c <= '~' && line.size() < kLongestLine) line += c;
  }
  return line;
}

bool IsComplete(std::string_view response) {
  constexpr std::string_view kEnd = "\r\n\r\n";
  constexpr std::string_view kLength = "\r\ncontent-length:";
  const std::size_t end = response.find(kEnd);
  if (end == std::string_view::npos) return false;
  const std::string_view head = response.substr(0, end);
  const auto* const found =
      std::search(head.begin(), head.end(), kLength.begin(), kLength.end(),
                  [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; });
  if (found == head.end()) return false;
  std::string_view value(found + kLength.size(), head.end());
  value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
  std::size_t length = 0;
  if (std::from_chars(value.data(), value.data() + value.size(), length).ec != std::errc()) return false;
  return response.size() - end - kEnd.size() >= length;
}

std::optional<Error> RefusalInResponse(std::string_view response, bool asked_for) {
  if (response.size() < 12 || !response.starts_with("HTTP/1.") || response.substr(8, 3) != " 40")
    return std::nullopt;
  for (const RefusalRow& row : kRefusals) {
    if (response.find(row.page) == std::string_view::npos) continue;
    return Error(
        {.code = ErrorCode::kHandshake, .detail = std::string(row.detail), .hint = std::string(row.hint)});
  }
  if (asked_for && response.substr(8, 4) == " 403") {
    return Error({.code = ErrorCode::kHandshake,
                  .detail = "the server does not allow the request (HTTP 403)",
                  .hint = "Check the server's log: it may require a client certificate for this path, or "
                          "another certificate."});
  }
  return std::nullopt;
}

std::string VisitorPage(const Visitor& visitor) {
  const std::string body = fmt::format("subject: {}\nuser: {}\nscheme: {}\nprotocol: {}\n", visitor.subject,
                                       visitor.user_name, visitor.scheme, visitor.protocol);
  return fmt::format(
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nConnection: "
      "close\r\n\r\n{}",
      body.size(), body);
}

}  // namespace signet::inline inspector

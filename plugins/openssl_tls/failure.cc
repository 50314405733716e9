#include "openssl_tls/failure.h"

#include "handshake/alerts.h"

#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

namespace signet::openssl {
namespace {

struct VerifyMend {
  long result;
  std::string_view mend;
};

constexpr std::string_view kTrustMend = "If the server is right, trust its CA with --trust PEM.";

constexpr VerifyMend kVerifyMends[] = {
    {X509_V_ERR_HOSTNAME_MISMATCH, "Connect by a name that the server's certificate carries."},
    {X509_V_ERR_IP_ADDRESS_MISMATCH, "Connect by a name that the server's certificate carries."},
    {X509_V_ERR_CERT_HAS_EXPIRED, "Have the server's certificate renewed, and check this machine's clock."},
    {X509_V_ERR_CERT_NOT_YET_VALID, "Check the clocks of both machines."},
    {X509_V_ERR_INVALID_PURPOSE, "Give the server a certificate whose extended key usage has serverAuth."},
};

std::string_view MendFor(long verify_result) {
  for (const VerifyMend& row : kVerifyMends) {
    if (row.result == verify_result) return row.mend;
  }
  return kTrustMend;
}

// Reason gives the newest entry of the ERR queue in words, the text that was attached to it included.
std::string Reason() {
  const char* data = nullptr;
  int flags = 0;
  const unsigned long code = ERR_peek_last_error_all(nullptr, nullptr, nullptr, &data, &flags);
  const char* reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
  const bool has_text = data != nullptr && (flags & ERR_TXT_STRING) != 0 && *data != '\0';
  if (reason == nullptr) return has_text ? data : "no reason given";
  return has_text ? fmt::format("{}: {}", reason, data) : reason;
}

// KeysOwnError takes the queue apart and gives what our provider said, before libssl put its own words behind
// it: why a key did not sign. Its entries carry an Error's whole line: the detail, and the mend after the
// first full stop.
std::optional<Error> KeysOwnError() {
  const char* file = nullptr;
  const char* text = nullptr;
  int flags = 0;
  while (const unsigned long code = ERR_get_error_all(&file, nullptr, nullptr, &text, &flags)) {
    if (file == nullptr || std::strcmp(file, "signet") != 0 || (flags & ERR_TXT_STRING) == 0) continue;
    const std::string_view line(text);
    const std::size_t stop = line.find(". ");
    const int number = ERR_GET_REASON(code) - 1;  // as the provider numbers its reasons
    const bool known = number >= 0 && number <= static_cast<int>(ErrorCode::kInternal);
    return Error(
        {.code = known ? static_cast<ErrorCode>(number) : ErrorCode::kHandshake,
         .detail = std::string(line.substr(0, stop)),
         .mend = stop != std::string_view::npos ? std::string(line.substr(stop + 2)) : std::string()});
  }
  return std::nullopt;
}

Error Broken(std::string_view when, int number) {
  if (number == EAGAIN || number == EWOULDBLOCK) {
    return Error({.code = ErrorCode::kNetwork,
                  .detail = fmt::format("the other side said nothing for too long {}", when),
                  .mend = "Check that it speaks TLS on this port, and not only after STARTTLS."});
  }
  const bool closed = number == 0;
  return Error(
      {.code = ErrorCode::kNetwork,
       .detail = fmt::format("the other side {} the connection {}", closed ? "closed" : "broke", when),
       .native = {closed ? NativeCode::Kind::kNone : NativeCode::Kind::kErrno,
                  static_cast<unsigned long>(number), closed ? "" : std::strerror(number)},
       .mend = "Look into the server's log; check that it speaks TLS on this port."});
}

}  // namespace

Error Failure(SSL* connection, int result, std::optional<std::uint8_t> alert, bool answered) {
  const int number = errno;
  const int kind = SSL_get_error(connection, result);
  const std::string_view when =
      SSL_is_init_finished(connection) == 1 ? "after the handshake" : "in the handshake";
  if (alert) return AlertError(*alert, answered);
  const long verified = SSL_get_verify_result(connection);
  if (verified != X509_V_OK && (SSL_get_verify_mode(connection) & SSL_VERIFY_PEER) != 0) {
    return Error({.code = ErrorCode::kUntrustedServer,
                  .detail = fmt::format("the server's certificate could not be verified: {}",
                                        X509_verify_cert_error_string(verified)),
                  .mend = std::string(MendFor(verified))});
  }
  if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE) return Broken(when, EAGAIN);
  if (kind == SSL_ERROR_SYSCALL) return Broken(when, number);
  if (kind == SSL_ERROR_ZERO_RETURN) return Broken(when, 0);
  if (ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING) return Broken(when, 0);
  const std::string reason = Reason();
  if (auto error = KeysOwnError()) return *std::move(error);
  return Error(
      {.code = ErrorCode::kHandshake,
       .detail = fmt::format("the handshake failed: {}", reason),
       .mend = "Check that the other side speaks TLS on this port, and which versions and suites it has."});
}

}  // namespace signet::openssl

#include "openssl_tls/failure.h"

#include "handshake/alerts.h"
#include "handshake/server_trust.h"
#include "openssl_tls/answered.h"
#include "openssl_tls/ex_data.h"

#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

namespace signet::openssl {
namespace {

struct VerifyHint {
  long result;
  std::string_view hint;
};

constexpr VerifyHint kVerifyHints[] = {
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, kTrustTheCa},
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, kTrustTheCa},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, kTrustTheCa},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, kTrustTheCa},
    {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, kTrustTheCa},
    {X509_V_ERR_CERT_UNTRUSTED, kTrustTheCa},
    {X509_V_ERR_HOSTNAME_MISMATCH, kUseItsName},
    {X509_V_ERR_IP_ADDRESS_MISMATCH, kUseItsName},
    {X509_V_ERR_CERT_HAS_EXPIRED, kRenewServers},
    {X509_V_ERR_CERT_NOT_YET_VALID, kCompareClocks},
    {X509_V_ERR_INVALID_PURPOSE, kGiveItServerAuth},
};

std::string_view HintFor(long verify_result) {
  for (const VerifyHint& row : kVerifyHints) {
    if (row.result == verify_result) return row.hint;
  }
  return kHaveItReissued;
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

// KeysOwnError gives what our provider queued before libssl put its own words behind it: why a key did not
// sign, on a connection without a selector. The entry's text is taken as it is.
std::optional<Error> KeysOwnError() {
  const char* file = nullptr;
  const char* text = nullptr;
  int flags = 0;
  while (const unsigned long code = ERR_get_error_all(&file, nullptr, nullptr, &text, &flags)) {
    if (file == nullptr || std::strcmp(file, "signet") != 0 || (flags & ERR_TXT_STRING) == 0) continue;
    const int number = ERR_GET_REASON(code) - 1;  // as the provider numbers its reasons
    const bool known = number >= 0 && number <= static_cast<int>(ErrorCode::kInternal);
    std::string detail(text);
    if (detail.ends_with('.')) detail.pop_back();
    return Error({.code = known ? static_cast<ErrorCode>(number) : ErrorCode::kHandshake,
                  .detail = std::move(detail)});
  }
  return std::nullopt;
}

// QueueWasEmptied is for a connection that failed on this side, whose reason the program took off the queue.
Error QueueWasEmptied(std::uint8_t sent) {
  return Error({.code = ErrorCode::kHandshake,
                .detail = fmt::format("this side ended the handshake (alert {}); OpenSSL's error queue with "
                                      "the reason was cleared before",
                                      AlertName(sent)),
                .hint = "Check the program's messages for OpenSSL's reason."});
}

Error Broken(std::string_view when, int number) {
  if (number == EAGAIN || number == EWOULDBLOCK) {
    return Error({.code = ErrorCode::kNetwork,
                  .detail = fmt::format("the peer did not respond in time {}", when),
                  .hint = "Check that it uses TLS on this port, and not only after STARTTLS."});
  }
  const bool closed = number == 0;
  return Error({.code = ErrorCode::kNetwork,
                .detail = fmt::format("the peer {} the connection {}", closed ? "closed" : "broke", when),
                .native = {closed ? NativeCode::Kind::kNone : NativeCode::Kind::kErrno,
                           static_cast<unsigned long>(number), closed ? "" : std::strerror(number)},
                .hint = "Check the server's log and that it uses TLS on this port."});
}

}  // namespace

Error Failure(SSL* connection, int result, std::optional<std::uint8_t> alert, bool answered) {
  const int number = errno;
  const int kind = SSL_get_error(connection, result);
  const std::string_view when =
      SSL_is_init_finished(connection) == 1 ? "after the handshake" : "in the handshake";
  const auto answered_error = ExData<SSL, Answered>::Get(connection);
  if (answered_error != nullptr && answered_error->error) return *answered_error->error;
  if (alert) return AlertError(*alert, answered);
  const long verified = SSL_get_verify_result(connection);
  if (verified != X509_V_OK && SSL_is_server(connection) == 1) {
    return Error({.code = ErrorCode::kHandshake,
                  .detail = fmt::format("the client's certificate could not be verified: {}",
                                        X509_verify_cert_error_string(verified)),
                  .hint = "If the client is genuine, trust the CA of its certificate; otherwise use another "
                          "certificate in the client."});
  }
  if (verified != X509_V_OK && (SSL_get_verify_mode(connection) & SSL_VERIFY_PEER) != 0) {
    return Error({.code = ErrorCode::kUntrustedServer,
                  .detail = fmt::format("the server's certificate could not be verified: {}",
                                        X509_verify_cert_error_string(verified)),
                  .hint = std::string(HintFor(verified))});
  }
  if (ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE)
    return NoneFromClient();
  const auto sent = AlertsOf(connection).sent;
  if (sent && ERR_peek_error() == 0) return QueueWasEmptied(*sent);
  if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE) return Broken(when, EAGAIN);
  if (kind == SSL_ERROR_SYSCALL) return Broken(when, number);
  if (kind == SSL_ERROR_ZERO_RETURN) return Broken(when, 0);
  if (ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING) return Broken(when, 0);
  const std::string reason = Reason();
  if (auto error = KeysOwnError()) return *std::move(error);
  return Error(
      {.code = ErrorCode::kHandshake,
       .detail = fmt::format("the handshake failed: {}", reason),
       .hint =
           "Check that the peer uses TLS on this port, and which versions and cipher suites it supports."});
}

}  // namespace signet::openssl

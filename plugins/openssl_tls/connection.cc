#include "openssl_tls/connection.h"

#include "base/file.h"
#include "base/openssl_error.h"
#include "handshake/alerts.h"
#include "handshake/names.h"

#include <cerrno>
#include <cstring>

#include <fmt/format.h>
#include <openssl/err.h>

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

Error Broken(SSL* connection, std::string_view when, int number) {
  if (number == EAGAIN || number == EWOULDBLOCK) {
    return Error({.code = ErrorCode::kNetwork,
                  .detail = fmt::format("the other side said nothing for too long {}", when),
                  .mend = "Check that it speaks TLS on this port, and not only after STARTTLS."});
  }
  const bool closed = number == 0;
  (void)connection;
  return Error(
      {.code = ErrorCode::kNetwork,
       .detail = fmt::format("the other side {} the connection {}", closed ? "closed" : "broke", when),
       .native = {closed ? NativeCode::Kind::kNone : NativeCode::Kind::kErrno,
                  static_cast<unsigned long>(number), closed ? "" : std::strerror(number)},
       .mend = "Look into the server's log; check that it speaks TLS on this port."});
}

}  // namespace

OpenSslPtr<SSL_CTX> MakeContext(OSSL_LIB_CTX* library, const SSL_METHOD* method,
                                std::optional<std::uint16_t> protocol_version) {
  OpenSslPtr<SSL_CTX> context(SSL_CTX_new_ex(library, nullptr, method));
  CheckOpenSsl(context.get(), "SSL_CTX_new_ex");
  const int oldest = protocol_version.value_or(TLS1_2_VERSION);
  CheckOpenSsl(SSL_CTX_set_min_proto_version(context.get(), oldest), "SSL_CTX_set_min_proto_version");
  CheckOpenSsl(SSL_CTX_set_max_proto_version(context.get(), protocol_version.value_or(0)),
               "SSL_CTX_set_max_proto_version");
  return context;
}

constexpr std::uint64_t kMaxTrustFile = 64 << 20;  // bytes

void LoadTrust(SSL_CTX* context, const std::string& file) {
  const OpenSslErrorMark mark;
  const int loaded = file.empty() ? SSL_CTX_set_default_verify_paths(context)
                                  : SSL_CTX_load_verify_file(context, file.c_str());
  if (loaded == 1) return;
  // OpenSSL says "system lib" of a file that is not there; ReadFile says why it cannot be read.
  if (!file.empty()) ReadFile(file, kMaxTrustFile);
  throw Error({.code = ErrorCode::kUnreadable,
               .detail = file.empty() ? "the system's trusted certificates cannot be read"
                                      : fmt::format("no trusted certificate can be read from {}", file),
               .native = LastOpenSslError(),
               .mend = "Name a PEM file of CA certificates with --trust."});
}

Error HandshakeFailure(SSL* connection, int result, const Recording& recording) {
  const int number = errno;
  const int kind = SSL_get_error(connection, result);
  const Recorder& recorder = recording.recorder();
  const std::string_view when =
      SSL_is_init_finished(connection) == 1 ? "after the handshake" : "in the handshake";
  const auto alert = recorder.received_alert();
  if (alert && recorder.side() == Recorder::Side::kServer) return ClientAlertError(*alert);
  if (alert) return AlertError(*alert, !recorder.client_chain().empty() || !recorder.request());
  const long verified = SSL_get_verify_result(connection);
  if (verified != X509_V_OK && (SSL_get_verify_mode(connection) & SSL_VERIFY_PEER) != 0) {
    return Error({.code = ErrorCode::kUntrustedServer,
                  .detail = fmt::format("the server's certificate could not be verified: {}",
                                        X509_verify_cert_error_string(verified)),
                  .mend = std::string(MendFor(verified))});
  }
  if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE) return Broken(connection, when, EAGAIN);
  if (kind == SSL_ERROR_SYSCALL) return Broken(connection, when, number);
  if (kind == SSL_ERROR_ZERO_RETURN) return Broken(connection, when, 0);
  if (ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
    return Broken(connection, when, 0);
  const std::string reason = Reason();
  if (auto error = KeysOwnError()) return *std::move(error);
  return Error(
      {.code = ErrorCode::kHandshake,
       .detail = fmt::format("the handshake failed: {}", reason),
       .mend = "Check that the other side speaks TLS on this port, and which versions and suites it has."});
}

std::string ProtocolOf(const Recording& recording) {
  const std::uint16_t version = recording.recorder().version();
  return version != 0 ? VersionName(version) : std::string();
}

std::string CipherOf(SSL* connection) {
  const SSL_CIPHER* cipher = SSL_get_current_cipher(connection);
  if (cipher == nullptr) cipher = SSL_get_pending_cipher(connection);
  return cipher != nullptr ? SSL_CIPHER_standard_name(cipher) : "";
}

std::optional<Certificate> PeerCertificate(SSL* connection) {
  X509* leaf = SSL_get0_peer_certificate(connection);
  if (leaf == nullptr) return std::nullopt;
  unsigned char* der = nullptr;
  const int size = i2d_X509(leaf, &der);
  const OpenSslPtr<unsigned char> owned(der);
  if (size <= 0) return std::nullopt;
  return Certificate::FromDer({der, static_cast<std::size_t>(size)});
}

}  // namespace signet::openssl

#include "handshake/alerts.h"

#include <algorithm>

#include <fmt/format.h>

namespace signet::inline handshake {
namespace {

constexpr std::uint8_t kHandshakeFailure = 40;

constexpr AlertRow kAlerts[] = {
    {.code = 0, .name = "close_notify", .words = "closed the connection", .hint = "Check the server's log."},
    {.code = 10,
     .name = "unexpected_message",
     .words = "did not expect one of our messages",
     .hint = "Check the server's log; it may not implement TLS correctly."},
    {.code = 20,
     .name = "bad_record_mac",
     .words = "could not decrypt our message",
     .hint = "Try again; if it happens again, check for a network device that changes the data."},
    {.code = 22,
     .name = "record_overflow",
     .words = "found that a record is too long",
     .hint = "Check the server's log."},
    {.code = 40,
     .name = "handshake_failure",
     .words = "found no parameters that both sides accept",
     .hint = "Compare the server's versions, cipher suites and signature schemes with ours; if it requires a "
             "client certificate, check why no identity fits."},
    {.code = 42,
     .name = "bad_certificate",
     .words = "found our certificate malformed or its signature invalid",
     .hint = "Check the server's log for the reason, and check that the intermediates were sent."},
    {.code = 43,
     .name = "unsupported_certificate",
     .words = "does not accept a certificate of this type",
     .hint =
         "Use a certificate whose extended key usage has clientAuth and whose key type the server knows."},
    {.code = 44,
     .name = "certificate_revoked",
     .words = "considers our certificate revoked",
     .hint = "Ask its issuer for a new one."},
    {.code = 45,
     .name = "certificate_expired",
     .words = "considers our certificate expired or not yet valid",
     .hint = "Check the dates of the whole chain and the clocks of both machines; renew the certificate."},
    {.code = 46,
     .name = "certificate_unknown",
     .words = "did not accept our certificate and gives no reason",
     .hint = "Check the server's log."},
    {.code = 47,
     .name = "illegal_parameter",
     .words = "found an invalid field in our message",
     .hint = "Check the server's log."},
    {.code = 48,
     .name = "unknown_ca",
     .words = "does not know the CA that issued our certificate",
     .hint = "Configure the server to trust the issuer, send the missing intermediates (chain-file), or use "
             "a certificate from a CA that the server names."},
    {.code = 49,
     .name = "access_denied",
     .words = "recognised our certificate but denies access",
     .hint = "Ask the server's administrator to grant access to this subject."},
    {.code = 50,
     .name = "decode_error",
     .words = "could not parse our message",
     .hint = "Check the server's log."},
    {.code = 51,
     .name = "decrypt_error",
     .words = "rejected our signature or our Finished message",
     .hint = "Check that key and certificate belong together: signet show."},
    {.code = 70,
     .name = "protocol_version",
     .words = "does not support the TLS version that we offered",
     .hint = "Offer a TLS version that the server supports."},
    {.code = 71,
     .name = "insufficient_security",
     .words = "requires stronger parameters than we offered",
     .hint = "Use a longer key or a newer TLS version."},
    {.code = 80,
     .name = "internal_error",
     .words = "had an internal error",
     .hint = "Check the server's log."},
    {.code = 86,
     .name = "inappropriate_fallback",
     .words = "detected an unnecessary fallback to an older version",
     .hint = "Offer the newest TLS version that this side supports."},
    {.code = 90, .name = "user_canceled", .words = "cancelled the handshake", .hint = "Try again."},
    {.code = 100,
     .name = "no_renegotiation",
     .words = "rejected the renegotiation",
     .hint = "Ask for the certificate in the first handshake, or use TLS 1.3."},
    {.code = 109,
     .name = "missing_extension",
     .words = "missed an extension",
     .hint = "Check the server's log."},
    {.code = 110,
     .name = "unsupported_extension",
     .words = "found an unexpected extension",
     .hint = "Check the server's log."},
    {.code = 112,
     .name = "unrecognized_name",
     .words = "does not know the host name that we requested",
     .hint = "Use the name that the server is configured for."},
    {.code = 113,
     .name = "bad_certificate_status_response",
     .words = "did not accept an OCSP response",
     .hint = "Check the server's log."},
    {.code = 115,
     .name = "unknown_psk_identity",
     .words = "does not know the pre-shared key",
     .hint = "Connect without session resumption."},
    {.code = 116,
     .name = "certificate_required",
     .words = "requires a client certificate and got none",
     .hint = "Give the selector an identity that the server accepts."},
    {.code = 120,
     .name = "no_application_protocol",
     .words = "has no application protocol in common with us",
     .hint = "Check the server's configuration of ALPN."},
};

const AlertRow* Find(std::uint8_t code) {
  const auto* row = std::ranges::find(kAlerts, code, &AlertRow::code);
  return row != std::end(kAlerts) ? row : nullptr;
}

}  // namespace

std::span<const AlertRow> Alerts() noexcept { return kAlerts; }

std::string AlertName(std::uint8_t code) {
  const AlertRow* row = Find(code);
  return row != nullptr ? std::string(row->name) : fmt::format("alert {}", code);
}

Error AlertError(std::uint8_t code, bool answered) {
  const AlertRow* row = Find(code);
  std::string detail = fmt::format("the server {} (alert {})",
                                   row != nullptr ? row->words : "ended the handshake", AlertName(code));
  std::string hint(row != nullptr ? row->hint : "Check the server's log.");
  // TLS 1.2 has no certificate_required: servers say handshake_failure (RFC 5246 section 7.4.6).
  if (code == kHandshakeFailure && !answered) {
    detail = "the server requires a client certificate and got none (alert handshake_failure)";
    hint = "Give the selector an identity that the server accepts.";
  }
  return Error({.code = ErrorCode::kHandshake, .detail = std::move(detail), .hint = std::move(hint)});
}

Error ClientAlertError(std::uint8_t code) {
  return Error({.code = ErrorCode::kHandshake,
                .detail = fmt::format("the client ended the handshake (alert {})", AlertName(code)),
                .hint = "Check the client's messages; it may not trust the CA of this server, or may expect "
                        "another server name."});
}

Error NoneFromClient() {
  return Error({.code = ErrorCode::kHandshake,
                .detail = "the client presented no certificate",
                .hint = "Give the client an identity from a CA that this server trusts; its messages show "
                        "why it presented none."});
}

}  // namespace signet::inline handshake

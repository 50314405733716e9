#include "handshake/alerts.h"

#include <algorithm>

#include <fmt/format.h>

namespace signet {
namespace {

constexpr std::uint8_t kHandshakeFailure = 40;

constexpr AlertRow kAlerts[] = {
    {.code = 0,
     .name = "close_notify",
     .words = "closed the connection",
     .hint = "Look into the server's log."},
    {.code = 10,
     .name = "unexpected_message",
     .words = "did not expect a message that we sent",
     .hint = "Look into the server's log; it may not speak TLS as it should."},
    {.code = 20,
     .name = "bad_record_mac",
     .words = "could not decrypt what we sent",
     .hint = "Try again; if it happens again, something on the way changes the data."},
    {.code = 22,
     .name = "record_overflow",
     .words = "found a record too long",
     .hint = "Look into the server's log."},
    {.code = 40,
     .name = "handshake_failure",
     .words = "found nothing that both sides accept",
     .hint =
         "Compare the server's versions, cipher suites and signature schemes with ours; if it wants a client "
         "certificate, see why none fitted."},
    {.code = 42,
     .name = "bad_certificate",
     .words = "found our certificate malformed or its signature wrong",
     .hint = "Look into the server's log for what it holds against the certificate, and whether the "
             "intermediates "
             "were sent."},
    {.code = 43,
     .name = "unsupported_certificate",
     .words = "does not take a certificate of this kind",
     .hint =
         "Use a certificate whose extended key usage has clientAuth and whose key type the server knows."},
    {.code = 44,
     .name = "certificate_revoked",
     .words = "holds our certificate for revoked",
     .hint = "Ask its issuer for a new one."},
    {.code = 45,
     .name = "certificate_expired",
     .words = "holds our certificate for expired or not yet valid",
     .hint = "Check the dates of the whole chain and the clocks of both machines; renew the certificate."},
    {.code = 46,
     .name = "certificate_unknown",
     .words = "did not accept our certificate and does not say why",
     .hint = "Look into the server's log."},
    {.code = 47,
     .name = "illegal_parameter",
     .words = "found a field of ours wrong",
     .hint = "Look into the server's log."},
    {.code = 48,
     .name = "unknown_ca",
     .words = "does not know the CA that issued our certificate",
     .hint =
         "Let the server trust the issuer, send the missing intermediates with it (a chain-file), or use a "
         "certificate from a CA that the server names."},
    {.code = 49,
     .name = "access_denied",
     .words = "knows our certificate and denies it access",
     .hint = "Ask the server's administrator to let this subject in."},
    {.code = 50,
     .name = "decode_error",
     .words = "could not read a message of ours",
     .hint = "Look into the server's log."},
    {.code = 51,
     .name = "decrypt_error",
     .words = "found a signature or a Finished message of ours wrong",
     .hint = "Check that key and certificate belong together: signet show."},
    {.code = 70,
     .name = "protocol_version",
     .words = "does not speak the TLS version that we offered",
     .hint = "Offer the TLS version that the server has."},
    {.code = 71,
     .name = "insufficient_security",
     .words = "wants stronger parameters than we offered",
     .hint = "Use a longer key or a newer TLS version."},
    {.code = 80,
     .name = "internal_error",
     .words = "had an error of its own",
     .hint = "Look into the server's log."},
    {.code = 86,
     .name = "inappropriate_fallback",
     .words = "saw a needless fallback to an older version",
     .hint = "Offer the newest TLS version that this side has."},
    {.code = 90, .name = "user_canceled", .words = "broke the handshake off", .hint = "Try again."},
    {.code = 100,
     .name = "no_renegotiation",
     .words = "does not renegotiate",
     .hint = "Ask for the certificate in the first handshake, or use TLS 1.3."},
    {.code = 109,
     .name = "missing_extension",
     .words = "missed an extension",
     .hint = "Look into the server's log."},
    {.code = 110,
     .name = "unsupported_extension",
     .words = "found an extension that does not belong there",
     .hint = "Look into the server's log."},
    {.code = 112,
     .name = "unrecognized_name",
     .words = "does not know the host name that we asked for",
     .hint = "Use the name that the server is configured for."},
    {.code = 113,
     .name = "bad_certificate_status_response",
     .words = "did not accept an OCSP response",
     .hint = "Look into the server's log."},
    {.code = 115,
     .name = "unknown_psk_identity",
     .words = "does not know the pre-shared key",
     .hint = "Connect without resuming."},
    {.code = 116,
     .name = "certificate_required",
     .words = "requires a client certificate and got none",
     .hint = "Give the selector an identity that the server accepts."},
    {.code = 120,
     .name = "no_application_protocol",
     .words = "has no application protocol in common with us",
     .hint = "Look into the server's configuration of ALPN."},
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
  std::string hint(row != nullptr ? row->hint : "Look into the server's log.");
  // TLS 1.2 has no certificate_required: servers say handshake_failure (RFC 5246 section 7.4.6).
  if (code == kHandshakeFailure && !answered) {
    detail = "the server requires a client certificate and got none (alert handshake_failure)";
    hint = "Give the selector an identity that the server accepts.";
  }
  return Error({.code = ErrorCode::kHandshake, .detail = std::move(detail), .hint = std::move(hint)});
}

Error ClientAlertError(std::uint8_t code) {
  return Error(
      {.code = ErrorCode::kHandshake,
       .detail = fmt::format("the client ended the handshake (alert {})", AlertName(code)),
       .hint = "See what the client says; it may not trust the CA of this server, or not know its name."});
}

Error NoneFromClient() {
  return Error({.code = ErrorCode::kHandshake,
                .detail = "the client presented no certificate",
                .hint =
                    "Give the client an identity that a CA which this server trusts issued; its own messages "
                    "say why it presented none."});
}

}  // namespace signet

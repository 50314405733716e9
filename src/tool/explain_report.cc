#include "tool/explain_report.h"

#include "diagnosis/explanation.h"

namespace signet::tool {
namespace {

// OptionFor names the option of the command that takes away the cause; the library's own hint speaks of the
// program. Null where none does.
const char* OptionFor(const HandshakeReport& report) {
  constexpr std::uint8_t kHandshakeFailure = 40;
  constexpr std::uint8_t kProtocolVersion = 70;
  constexpr std::uint8_t kInappropriateFallback = 86;
  constexpr std::uint8_t kCertificateRequired = 116;
  if (report.failure->code() == ErrorCode::kUntrustedServer) return "Here: --trust PEM.";
  if (report.alert == kProtocolVersion || report.alert == kInappropriateFallback)
    return "Here: leave --tls out.";
  const bool wanted =
      report.certificate_request || report.alert == kCertificateRequired || report.alert == kHandshakeFailure;
  if (wanted && !report.client_certificate.sent && report.considered.empty()) return "Here: --identity URI.";
  return nullptr;
}

}  // namespace

void ExplainFailure(HandshakeReport& report) {
  if (!report.failure) return;
  HandshakeOutcome outcome{.failure = *report.failure,
                           .requested = report.certificate_request.has_value(),
                           .sent = report.client_certificate.sent,
                           .by_server = report.alert || report.application,
                           .choice = report.choice ? &*report.choice : nullptr,
                           .alert = report.alert};
  // What the stack cannot use stands behind what the choice was made among.
  const std::size_t seen = report.choice ? report.choice->considered().size() : report.considered.size();
  for (std::size_t i = seen; i < report.considered.size(); ++i) {
    const ConsideredIdentity& row = report.considered[i];
    outcome.aside.push_back({row.subject, row.reasons.empty() ? std::string() : row.reasons.front()});
  }
  const Error explained = ExplainedError(outcome);
  const char* option = OptionFor(report);
  report.failure = option == nullptr ? explained
                                     : Error({.code = explained.code(),
                                              .detail = explained.detail(),
                                              .call = explained.call(),
                                              .native = explained.native(),
                                              .token = explained.token(),
                                              .uri = explained.uri(),
                                              .hint = explained.hint() + " " + option});
}

}  // namespace signet::tool

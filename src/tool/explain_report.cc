#include "tool/explain_report.h"

#include "diagnosis/explanation.h"
#include "handshake/server_trust.h"

#include <fmt/format.h>

namespace signet::tool {
namespace {

// OptionFor names the option of the command that takes away the cause; the library's own hint speaks of the
// program. Empty if none does.
std::string OptionFor(const HandshakeReport& report, const std::string& trust_file) {
  constexpr std::uint8_t kHandshakeFailure = 40;
  constexpr std::uint8_t kProtocolVersion = 70;
  constexpr std::uint8_t kInappropriateFallback = 86;
  constexpr std::uint8_t kCertificateRequired = 116;
  if (report.failure->code() == ErrorCode::kUntrustedServer) {
    if (report.failure->hint() != kTrustTheCa) return {};
    return trust_file.empty() ? "Here: --trust PEM."
                              : fmt::format("Here: it is not in {}, which --trust names.", trust_file);
  }
  if (report.alert == kProtocolVersion || report.alert == kInappropriateFallback)
    return "Here: leave --tls out.";
  const bool wanted =
      report.certificate_request || report.alert == kCertificateRequired || report.alert == kHandshakeFailure;
  if (wanted && !report.client_certificate.sent && report.considered.empty()) return "Here: --identity URI.";
  return {};
}

}  // namespace

void ExplainFailure(HandshakeReport& report, const std::string& trust_file) {
  if (!report.failure) return;
  HandshakeOutcome outcome{.failure = *report.failure,
                           .requested = report.certificate_request.has_value(),
                           .sent = report.client_certificate.sent,
                           .by_server = report.alert || report.application,
                           .choice = report.choice ? &*report.choice : nullptr,
                           .alert = report.alert};
  // Identities that the stack cannot use follow the candidates of the choice.
  const std::size_t seen = report.choice ? report.choice->considered().size() : report.considered.size();
  for (std::size_t i = seen; i < report.considered.size(); ++i) {
    const ConsideredIdentity& row = report.considered[i];
    outcome.aside.push_back({row.subject, row.reasons.empty() ? std::string() : row.reasons.front()});
  }
  const Error explained = ExplainedError(outcome);
  const std::string option = OptionFor(report, trust_file);
  Error::Fields fields = explained.fields();
  if (!option.empty()) fields.hint += " " + option;
  report.failure = Error(std::move(fields));
}

}  // namespace signet::tool

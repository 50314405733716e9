#include "tool/explain_report.h"

#include "diagnosis/explanation.h"

namespace signet::tool {

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
  report.failure = ExplainedError(outcome);
}

}  // namespace signet::tool

#include "tool/explain_report.h"

#include <utility>

#include "diagnosis/explanation.h"

namespace signet::tool {

void ExplainFailure(HandshakeReport& report) {
  if (!report.failure) return;
  const Error& failure = *report.failure;
  Explanation explanation = Explain(HandshakeOutcome{.failure = failure,
                                                     .requested = report.certificate_request.has_value(),
                                                     .sent = report.client_certificate.sent,
                                                     .by_server = report.alert || report.application,
                                                     .choice = report.choice ? &*report.choice : nullptr,
                                                     .alert = report.alert});
  report.failure = Error({.code = failure.code(),
                          .detail = std::move(explanation.cause),
                          .call = failure.call(),
                          .native = failure.native(),
                          .token = failure.token(),
                          .uri = failure.uri(),
                          .mend = std::move(explanation.mend)});
}

}  // namespace signet::tool

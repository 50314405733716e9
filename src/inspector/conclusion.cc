#include "inspector/conclusion.h"

#include "identity/name_text.h"
#include "inspector/names.h"

#include <algorithm>

#include <fmt/format.h>

namespace signet::inline inspector {
namespace {

// WhyChosen is the chosen identity's reason: what the server asked for that it fits.
std::string WhyChosen(const Choice& choice, std::optional<SignatureScheme> signs_with) {
  const CertificateRequest& request = choice.request();
  const std::string scheme =
      signs_with ? fmt::format("signs with {}", Name(*signs_with)) : std::string("can sign");
  const std::string& issuer = choice.identity()->leaf().issuer();
  if (request.authorities.empty()) return fmt::format("{}; the server names no authorities", scheme);
  return fmt::format("{}; issued by {}; the server names {} {}", scheme, issuer, request.authorities.size(),
                     request.authorities.size() == 1 ? "authority" : "authorities");
}

void DescribeClient(const Recorder& recorder, HandshakeReport& report) {
  SentCertificate& sent = report.client_certificate;
  if (recorder.client_chain().empty()) return;
  sent.sent = true;
  try {
    const Certificate leaf = Certificate::FromDer(recorder.client_chain().front());
    sent.subject = leaf.subject();
    sent.issuer = leaf.issuer();
  } catch (const Error&) {
    sent.subject = "malformed certificate";
  }
  for (const ConsideredIdentity& considered : report.considered) {
    if (considered.chosen) sent.uri = considered.uri;
  }
  if (recorder.client_verify()) sent.scheme = recorder.client_verify()->scheme;
}

std::string WhyNotConsidered(const HandshakeReport& report) {
  if (report.resumed)
    return "the session was resumed: the server knows the client from the previous connection";
  if (report.failure && report.failure->code() == ErrorCode::kUntrustedServer) {
    return "the server could not be verified, so no identity is presented";
  }
  if (report.certificate_request) return "the handshake ended before an identity was chosen";
  if (report.failure) return "the handshake ended before the server asked for a certificate";
  return "the server asks for no certificate";
}

void ConsiderTheRest(const ProbeOptions& options, HandshakeReport& report) {
  if (!report.considered.empty()) return;
  const std::string why = WhyNotConsidered(report);
  for (const Identity& identity : options.identities) {
    report.considered.push_back({.uri = identity.uri(), .subject = identity.subject(), .reasons = {why}});
  }
}

// Reasons writes why none of the considered identities was presented.
std::string Reasons(const HandshakeReport& report) {
  if (report.considered.empty()) return "no identity was given";
  std::string text;
  for (const ConsideredIdentity& considered : report.considered) {
    const std::string reason = considered.reasons.empty() ? "it does not fit" : considered.reasons.front();
    text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", considered.subject, reason);
  }
  return text;
}

std::string Authorities(const CertificateRequest& request) {
  std::string text;
  for (const Bytes& authority : request.authorities) {
    text += fmt::format("{}{}", text.empty() ? "" : " and ", NameText(authority));
  }
  return text;
}

// ExplainNothingSent makes the reason why nothing was presented the failure: the server's alert only follows
// from it.
void ExplainNothingSent(const ProbeOptions& options, HandshakeReport& report) {
  const bool ours = report.failure && report.failure->code() != ErrorCode::kHandshake;
  if (!report.certificate_request || report.client_certificate.sent || ours) return;
  if (!report.failure && options.identities.empty()) return;  // the server was content without
  const std::string answer = report.failure ? report.failure->detail() : "the server continued without it";
  const std::string accepted = Authorities(*report.certificate_request);
  report.failure =
      Error({.code = ErrorCode::kHandshake,
             .detail = fmt::format("no client certificate was presented: {}; {}", Reasons(report), answer),
             .hint = accepted.empty()
                         ? "Use an identity that fits the server's request."
                         : fmt::format("Use an identity from a CA that the server knows: {}.", accepted)});
}

}  // namespace

void Consider(const Choice& choice, HandshakeReport& report, std::optional<SignatureScheme> scheme) {
  const std::optional<SignatureScheme> signs_with = scheme ? scheme : choice.scheme();
  report.considered.clear();
  report.choice = choice;
  for (const Choice::Considered& considered : choice.considered()) {
    ConsideredIdentity row{.uri = considered.identity.uri(),
                           .subject = considered.identity.subject(),
                           .chosen = considered.chosen};
    if (considered.chosen) row.reasons.push_back(WhyChosen(choice, signs_with));
    const std::vector<Reason> reasons = considered.chosen ? choice.warnings() : considered.reasons;
    for (const Reason& reason : reasons) row.reasons.push_back(reason.text);
    report.considered.push_back(std::move(row));
  }
}

void Conclude(const Recorder& recorder, const ProbeOptions& options, HandshakeReport& report) {
  report.messages = recorder.messages();
  report.certificate_request = recorder.request();
  report.alert = recorder.received_alert();
  ConsiderTheRest(options, report);
  DescribeClient(recorder, report);
  if (!recorder.server_chain().empty() && report.server_subject.empty()) {
    try {
      report.server_subject = Certificate::FromDer(recorder.server_chain().front()).subject();
    } catch (const Error&) {
      report.server_subject = "malformed certificate";
    }
  }
  if (recorder.client_verify()) {
    report.certificate_verify = *recorder.client_verify();
  } else {
    report.certificate_verify.why = "the client sent no CertificateVerify";
  }
  ExplainNothingSent(options, report);
}

}  // namespace signet::inline inspector

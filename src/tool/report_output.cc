#include "tool/report_output.h"

#include "identity/name_text.h"
#include "inspector/names.h"

#include <algorithm>

#include <fmt/format.h>

namespace signet::tool {
namespace {

std::string_view Name(Direction direction) { return direction == Direction::kSent ? "sent" : "received"; }

// OrNull gives null for a text that is not there.
Json OrNull(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

Json RequestJson(const CertificateRequest& request) {
  Json authorities = Json::array();
  for (const auto& authority : request.authorities) authorities.push_back(NameText(authority));
  Json schemes = Json::array();
  for (const SignatureScheme scheme : request.schemes) {
    schemes.push_back(SchemeName(static_cast<std::uint16_t>(scheme)));
  }
  Json json = {{"authorities", authorities}, {"schemes", schemes}};
  if (!request.certificate_types.empty()) {
    Json types = Json::array();
    for (const std::uint8_t type : request.certificate_types) types.push_back(CertificateTypeName(type));
    json["certificate_types"] = std::move(types);
  }
  if (!request.oid_filters.empty()) {
    Json filters = Json::array();
    for (const auto& filter : request.oid_filters) filters.push_back(filter.oid);
    json["oid_filters"] = std::move(filters);
  }
  return json;
}

Json MessagesJson(const std::vector<HandshakeMessage>& messages) {
  Json json = Json::array();
  for (const HandshakeMessage& message : messages) {
    Json row = {{"direction", Name(message.direction)},
                {"record_type", message.record_type},
                {"message", OrNull(message.message)},
                {"length", nullptr},
                {"details", message.details}};
    if (message.length) row["length"] = *message.length;
    if (!message.why.empty()) row["why"] = message.why;
    json.push_back(std::move(row));
  }
  return json;
}

Json ConsideredJson(const std::vector<ConsideredIdentity>& considered) {
  Json json = Json::array();
  for (const ConsideredIdentity& row : considered) {
    json.push_back(
        {{"uri", row.uri}, {"subject", row.subject}, {"chosen", row.chosen}, {"reasons", row.reasons}});
  }
  return json;
}

Json VerifyJson(const CertificateVerifyCheck& check) {
  Json json = {{"scheme", OrNull(check.scheme)}, {"verified", nullptr}};
  if (check.verified) json["verified"] = *check.verified;
  if (!check.why.empty()) json["why"] = check.why;
  return json;
}

Json ApplicationJson(const std::optional<ApplicationTrip>& trip) {
  if (!trip) return nullptr;
  return {{"sent", trip->sent}, {"received", trip->received}, {"first_line", trip->first_line}};
}

// Shortened cuts a long list (a ClientHello has dozens of suites) where people read; --json has all of it.
std::string Shortened(const std::string& line) {
  constexpr std::size_t kWidth = 150;
  const std::size_t comma = line.size() > kWidth ? line.rfind(", ", kWidth) : std::string::npos;
  if (comma == std::string::npos) return line;
  const auto more = std::ranges::count(std::string_view(line).substr(comma + 1), ',') + 1;
  return fmt::format("{} and {} more", line.substr(0, comma), more);
}

void PrintMessages(const Console& out, const std::vector<HandshakeMessage>& messages) {
  for (const HandshakeMessage& message : messages) {
    const bool alert = message.message == "Alert" && !message.details.empty() &&
                       message.details.front().starts_with("fatal");
    out.Row(
        message.direction == Direction::kSent ? "-> " : "<- ",
        fmt::format("{:<20} record type {}{}", message.message.empty() ? "(not seen)" : message.message,
                    message.record_type, message.length ? fmt::format(", {} bytes", *message.length) : ""),
        alert ? Colour::kBad : Colour::kNone);
    if (!message.why.empty()) out.Row("     not seen: ", message.why);
    for (const std::string& line : message.details) out.Row("     ", Shortened(line));
  }
}

void PrintRequest(const Console& out, const std::optional<CertificateRequest>& request, bool came_to_an_end) {
  if (!request) {
    if (came_to_an_end) out.Row("asked for   ", "no client certificate");
    return;
  }
  if (request->authorities.empty()) out.Row("asked for   ", "a certificate of any authority");
  for (const auto& authority : request->authorities)
    out.Row("asked for   ", fmt::format("a certificate of {}", NameText(authority)));
}

void PrintConsidered(const Console& out, const std::vector<ConsideredIdentity>& considered) {
  for (const ConsideredIdentity& row : considered) {
    out.Row(row.chosen ? "chosen      " : "not chosen  ", fmt::format("{}  {}", row.subject, row.uri),
            row.chosen ? Colour::kGood : Colour::kNone);
    for (const std::string& reason : row.reasons) out.Row("            ", reason);
  }
}

void PrintClient(const Console& out, const HandshakeReport& report) {
  const SentCertificate& sent = report.client_certificate;
  if (!sent.sent) {
    out.Row("presented   ", "nothing");
    return;
  }
  out.Row("presented   ", fmt::format("{}, issued by {}", sent.subject, sent.issuer));
  const CertificateVerifyCheck& check = report.certificate_verify;
  if (check.scheme.empty()) return;
  out.Row("signed      ", fmt::format("{}; {}", check.scheme,
                                      check.verified.value_or(false)
                                          ? "the signature was checked against the handshake's messages"
                                          : check.why));
}

}  // namespace

Json ReportJson(const HandshakeReport& report) {
  const SentCertificate& sent = report.client_certificate;
  Json json = {{"stack", report.stack},
               {"protocol", OrNull(report.protocol)},
               {"cipher", OrNull(report.cipher)},
               {"resumed", report.resumed},
               {"server_verified", report.server_verified},
               {"server_subject", OrNull(report.server_subject)},
               {"client_certificate",
                {{"sent", sent.sent},
                 {"uri", OrNull(sent.uri)},
                 {"subject", OrNull(sent.subject)},
                 {"issuer", OrNull(sent.issuer)},
                 {"scheme", OrNull(sent.scheme)}}},
               {"certificate_request", nullptr},
               {"considered", ConsideredJson(report.considered)},
               {"messages", MessagesJson(report.messages)},
               {"certificate_verify", VerifyJson(report.certificate_verify)},
               {"application", ApplicationJson(report.application)},
               {"timing_ms", report.timing.count()},
               {"error", nullptr}};
  if (report.certificate_request) json["certificate_request"] = RequestJson(*report.certificate_request);
  if (report.failure) json["error"] = ErrorJson(*report.failure);
  return json;
}

std::vector<std::string> LeftOut(const HandshakeReport& first, const HandshakeReport& resumed) {
  std::vector<std::string> names;
  for (const HandshakeMessage& message : first.messages) {
    const bool again = std::ranges::any_of(resumed.messages, [&](const HandshakeMessage& other) {
      return other.message == message.message && other.direction == message.direction;
    });
    std::string name = fmt::format("{} {}", Name(message.direction), message.message);
    if (!again && std::ranges::count(names, name) == 0) names.push_back(std::move(name));
  }
  return names;
}

void PrintReport(const Console& out, const HandshakeReport& report) {
  PrintMessages(out, report.messages);
  if (!report.protocol.empty()) {
    out.Line({});
    out.Row("protocol    ", fmt::format("{}, {}{}, {:.1f} ms", report.protocol, report.cipher,
                                        report.resumed ? ", resumed" : "", report.timing.count()));
  }
  if (!report.server_subject.empty()) {
    out.Row(
        "server      ",
        fmt::format("{}, {}", report.server_subject, report.server_verified ? "verified" : "not verified"),
        report.server_verified ? Colour::kGood : Colour::kBad);
  }
  PrintRequest(out, report.certificate_request, !report.failure);
  PrintConsidered(out, report.considered);
  PrintClient(out, report);
  if (const auto& trip = report.application) {
    out.Row("request     ", fmt::format("{} bytes sent, {} bytes received{}{}", trip->sent, trip->received,
                                        trip->first_line.empty() ? "" : ": ", trip->first_line));
  }
}

}  // namespace signet::tool

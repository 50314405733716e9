#include "tool/output.h"

#include "base/percent_encoding.h"
#include "base/printable.h"
#include "tool/common_options.h"
#include "tool/console.h"
#include "tool/option_hint.h"
#include "tool/remarks.h"
#include <signet/signature_scheme.h>

#include <algorithm>
#include <cstdio>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace signet::tool {
namespace {

Json ExplainedJson(const std::vector<Explanation>& explanations) {
  Json rows = Json::array();
  for (const Explanation& row : explanations) rows.push_back({{"detail", row.cause}, {"hint", row.hint}});
  return rows;
}

Json IdentityJson(const Identity& identity, TimePoint now) {
  Json schemes = Json::array();
  for (const SignatureScheme scheme : identity.key()->schemes()) schemes.push_back(Name(scheme));
  Json certificates = Json::array();
  for (const Certificate& certificate : identity.chain().certificates()) {
    certificates.push_back({{"sha256", certificate.sha256()}, {"subject", certificate.subject()}});
  }
  const ClientAuthFitness fitness = identity.FitForClientAuth(now);
  const Remarks remarks = RemarksOn(identity, now);
  return {{"uri", identity.uri()},
          {"source", Name(identity.source())},
          {"label", LabelOf(identity)},
          {"subject", identity.subject()},
          {"user_name", identity.user_name()},
          {"issuer", identity.leaf().issuer()},
          {"not_before", Iso8601(identity.leaf().not_before())},
          {"not_after", Iso8601(identity.leaf().not_after())},
          {"key", Description(*identity.key())},
          {"schemes", schemes},
          {"certificates", certificates},
          {"client_auth",
           {{"fit", fitness.fit}, {"reasons", fitness.reasons}, {"explained", ExplainedJson(remarks.unfit)}}},
          {"notes", ExplainedJson(remarks.notes)},
          {"asides", ExplainedJson(remarks.asides)}};
}

// Attribute gives the decoded value of a path attribute of a URI.
std::string Attribute(std::string_view uri, std::string_view name) {
  uri = uri.substr(0, uri.find('?'));
  for (std::size_t at = uri.find(name); at != std::string_view::npos; at = uri.find(name, at + 1)) {
    const std::size_t value = at + name.size();
    if (at == 0 || (uri[at - 1] != ';' && uri[at - 1] != ':') || value >= uri.size() || uri[value] != '=')
      continue;
    const std::string_view encoded = uri.substr(value + 1, uri.find(';', value) - value - 1);
    return PercentDecode(encoded).value_or(std::string(encoded));
  }
  return {};
}

}  // namespace

std::string Iso8601(TimePoint time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)));
}

std::string WithoutPin(std::string_view uri) {
  return std::string(uri.substr(0, std::min({uri.find('?'), uri.find("pin-value"), uri.find("pin-source")})));
}

std::string LabelOf(const Identity& identity) {
  const std::string label = identity.key()->label();
  return label.empty() ? Attribute(identity.uri(), "object") : label;
}

int StatusOf(const Error& error) {
  return error.code() == ErrorCode::kBadUri || error.code() == ErrorCode::kBadArgument ? kWrongUsage
                                                                                       : kFailed;
}

Json ErrorJson(const Error& error) {
  Json json = {
      {"what", Name(error.code())}, {"detail", error.detail()}, {"hint", WithOptionHint(error).hint()}};
  if (!error.call().empty()) json["call"] = error.call();
  if (!error.native().name.empty()) json["native"] = error.native().name;
  if (!error.token().empty()) json["token"] = error.token();
  return json;
}

Json ListingJson(const Listing& listing, TimePoint now) {
  Json identities = Json::array();
  for (const Identity& identity : listing.identities) identities.push_back(IdentityJson(identity, now));
  Json problems = Json::array();
  for (const Problem& problem : listing.problems) {
    Json row = {{"uri", problem.uri}};
    row.update(ErrorJson(problem.error));
    problems.push_back(std::move(row));
  }
  return {{"identities", std::move(identities)}, {"problems", std::move(problems)}};
}

void PrintJson(const Json& document, Layout layout) {
  const int indent = layout == Layout::kLine ? -1 : 2;
  Console(stdout).Raw(PrintableJson(document.dump(indent, ' ', false, Json::error_handler_t::replace)) +
                      "\n");
  std::fflush(stdout);  // before what stderr says of it
}

void PrintError(const Error& error) {
  Console(stderr).Row("signet: ", WithOptionHint(error).what(), Colour::kBad, Lines::kMany);
}

}  // namespace signet::tool

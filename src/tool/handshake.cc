#include "handshake/socket.h"
#include "tool/explain_report.h"
#include "tool/html_report.h"
#include "tool/report_output.h"
#include "tool/stacks.h"
#include "tool/verbs.h"

#include <cstdio>
#include <iterator>

#include <fmt/format.h>

namespace signet::tool {
namespace {

struct HandshakeOptions {
  std::string server;
  std::vector<std::string> uris;
  std::string trust;
  StackOptions stack;
  std::string request;
  std::string html;
  bool pinned = false;
  bool resume = false;
  unsigned timeout_ms = 10'000;
};

HostAndPort ServerOf(const HandshakeOptions& options) {
  if (const auto server = ParseHostAndPort(options.server)) return *server;
  throw CLI::ValidationError("HOST:PORT", options.server + " is no host and port");
}

// FindIdentities opens every URI. What is no identity is said on stderr while another one is left; throws
// Error when none is.
std::vector<Identity> FindIdentities(const IdentitySource& source, const std::vector<std::string>& uris) {
  std::vector<Identity> identities;
  std::vector<Error> problems;
  for (const std::string& uri : uris) {
    const std::size_t before = identities.size() + problems.size();
    const Listing found = source.List(uri);
    std::ranges::copy(found.identities, std::back_inserter(identities));
    for (const Problem& problem : found.problems) problems.push_back(problem.error.WithUri(problem.uri));
    if (identities.size() + problems.size() > before) continue;
    problems.push_back(Error({.code = ErrorCode::kNotFound,
                              .detail = "no identity is there",
                              .uri = WithoutPin(uri),
                              .mend = "Run `signet list` to see what there is."}));
  }
  if (identities.empty() && !problems.empty()) throw problems.front();
  for (const Error& problem : problems) PrintError(problem);
  return identities;
}

int Report(const CommonOptions& common, const std::vector<HandshakeReport>& reports) {
  if (common.json) {
    Json document = ReportJson(reports.front());
    if (reports.size() > 1) {
      document["resumption"] = ReportJson(reports.back());
      document["resumption"]["left_out"] = LeftOut(reports.front(), reports.back());
    }
    PrintJson(document);
  } else {
    PrintReport(reports.front());
    if (reports.size() > 1) {
      fmt::print("\n");
      PrintReport(reports.back());
      fmt::print("left out    {}\n", fmt::join(LeftOut(reports.front(), reports.back()), ", "));
    }
  }
  for (const HandshakeReport& report : reports) {
    if (report.failure) PrintError(*report.failure);
  }
  return reports.back().failure ? kFailed : kDone;
}

std::vector<HandshakeReport> Connect(const CommonOptions& common, const HandshakeOptions& options,
                                     const HostAndPort& server) {
  const IdentitySource source = common.OpenSource();
  const ProbeOptions probe{.host = server.host,
                           .port = server.port,
                           .identities = FindIdentities(source, options.uris),
                           .pinned = options.pinned,
                           .trust_file = options.trust,
                           .protocol_version = options.stack.protocol_version(),
                           .request = options.request,
                           .resume = options.resume,
                           .timeout = std::chrono::milliseconds(options.timeout_ms)};
  std::vector<HandshakeReport> reports = MakeProbe(options.stack.name)->Connect(probe);
  for (HandshakeReport& report : reports) ExplainFailure(report);
  return reports;
}

int Handshake(const CommonOptions& common, const HandshakeOptions& options, const HostAndPort& server) {
  std::vector<HandshakeReport> reports;
  try {
    reports = Connect(common, options, server);
  } catch (const Error& error) {
    // No connection was tried; the document says so in its own words.
    if (common.json) PrintJson(ReportJson({.stack = options.stack.name, .failure = error}));
    throw;
  }
  const int status = Report(common, reports);
  if (!options.html.empty()) WriteHtml(options.html, HtmlPage(options.server, reports));
  return status;
}

}  // namespace

void AddHandshakeVerb(CLI::App& app, CommonOptions& common) {
  auto options = std::make_shared<HandshakeOptions>();
  CLI::App* verb = app.add_subcommand("handshake", "Make a real mutual-TLS handshake and show it");
  verb->add_option("SERVER", options->server, "The server, HOST:PORT")->type_name("")->required();
  verb->add_option("--identity", options->uris, "Identities to choose from: pkcs11:... or pkcs12:PATH")
      ->type_name("URI")
      ->expected(1, -1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  verb->add_option("--trust", options->trust,
                   "CAs that the server's certificate may come from (default: the system's)")
      ->type_name("PEM");
  options->stack.AddTo(*verb);
  verb->add_option(
          "--request", options->request,
          "What to send after the handshake: a path for a GET of it by HTTP/1.1 (default: /), or any text")
      ->type_name("PATH|TEXT");
  verb->add_flag("--pinned", options->pinned,
                 "Present the one identity even if the server's request speaks against it");
  verb->add_flag("--resume", options->resume, "Make a second connection that resumes the session");
  verb->add_option("--html", options->html, "Write the handshake as one self-contained page too")
      ->type_name("FILE");
  verb->add_option("--timeout", options->timeout_ms,
                   "How long to wait for the server, all in all (default: 10000)")
      ->type_name("MS");
  verb->callback([&common, options] {
    const HostAndPort server = ServerOf(*options);
    common.verb = [&common, options, server] { return Handshake(common, *options, server); };
  });
}

}  // namespace signet::tool

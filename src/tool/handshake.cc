#include "tool/console.h"
#include "tool/explain_report.h"
#include "tool/html_report.h"
#include "tool/report_output.h"
#include "tool/server_address.h"
#include "tool/stacks.h"
#include "tool/typed_uri.h"
#include "tool/usage.h"
#include "tool/verbs.h"

#include <cstdio>
#include <iterator>

#include <fmt/format.h>

namespace signet::tool {
namespace {

struct HandshakeOptions {
  std::vector<std::string> words;  // the server, and identities that stand without --identity
  std::string server;              // as it was typed
  std::vector<std::string> uris;
  std::string trust;
  StackOptions stack;
  std::string request;
  std::string html;
  bool pinned = false;
  bool resume = false;
  unsigned timeout_ms = 10'000;
};

// Understand distinguishes the server from identities after or before it.
ServerAddress Understand(HandshakeOptions& options) {
  const Sorted sorted = SortWords(options.words);
  for (const std::string& uri : sorted.identities) options.uris.push_back(TypedUri(uri));
  if (sorted.identities.empty() && sorted.servers.size() == 1 && IsFileOfPkcs12(sorted.servers.front())) {
    ThrowBadUsage(fmt::format("no server is named, and {} is a file", sorted.servers.front()),
                  fmt::format("Name it: signet handshake HOST:PORT {}.", sorted.servers.front()));
  }
  if (sorted.servers.empty()) ThrowBadUsage("no server is named", "Name it: signet handshake HOST:PORT.");
  if (sorted.servers.size() > 1) {
    ThrowBadUsage(
        fmt::format("{} servers are named: {}", sorted.servers.size(), fmt::join(sorted.servers, ", ")),
        "Name one; an identity is pkcs11:... or a PKCS#12 file that is there.");
  }
  options.server = sorted.servers.front();
  ServerAddress server = ParseServer(options.server);
  if (options.request.empty()) options.request = server.path;
  return server;
}

// FindIdentities opens every URI. What is no identity is said on stderr while another one is left; throws
// Error when none is.
std::vector<Identity> FindIdentities(const IdentitySource& source, const std::vector<std::string>& uris) {
  std::vector<Identity> identities;
  std::vector<Error> problems;
  for (const std::string& uri : uris) {
    const std::size_t before = identities.size() + problems.size();
    const Listing found = ListTyped(source, uri);
    std::ranges::copy(found.identities, std::back_inserter(identities));
    for (const Problem& problem : found.problems) problems.push_back(problem.error.WithUri(problem.uri));
    if (identities.size() + problems.size() > before) continue;
    problems.push_back(Error({.code = ErrorCode::kNotFound,
                              .detail = "there is no identity",
                              .uri = WithoutPin(uri),
                              .hint = "Run `signet list` to see the available identities."}));
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
    const Console out(stdout);
    PrintReport(out, reports.front());
    if (reports.size() > 1) {
      out.Line({});
      PrintReport(out, reports.back());
      out.Row("left out    ", fmt::format("{}", fmt::join(LeftOut(reports.front(), reports.back()), ", ")));
    }
  }
  std::fflush(stdout);
  for (const HandshakeReport& report : reports) {
    if (report.failure) PrintError(*report.failure);
  }
  return reports.back().failure ? kFailed : kDone;
}

std::vector<HandshakeReport> Connect(const CommonOptions& common, const HandshakeOptions& options,
                                     const ServerAddress& server) {
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
  for (HandshakeReport& report : reports) ExplainFailure(report, options.trust);
  return reports;
}

int Handshake(const CommonOptions& common, const HandshakeOptions& options, const ServerAddress& server) {
  const std::vector<HandshakeReport> reports = Connect(common, options, server);
  if (!options.html.empty()) {
    const PageFacts facts{.server = options.server,
                          .now = Iso8601(std::chrono::system_clock::now()),
                          .stack = MakeProbe(options.stack.name)->Version(),
                          .version = "signet " SIGNET_VERSION};
    WriteHtml(options.html, HtmlPage(facts, reports));
  }
  return Report(common, reports);
}

}  // namespace

void AddHandshakeVerb(CLI::App& app, CommonOptions& common) {
  auto options = std::make_shared<HandshakeOptions>();
  CLI::App* verb = app.add_subcommand("handshake", "Perform and show a real mutual-TLS handshake");
  verb->add_option("SERVER", options->words, "HOST, HOST:PORT or https://HOST/PATH; identities may follow")
      ->type_name("")
      ->required();
  CLI::Option* identity = verb->add_option("--identity", options->uris,
                                           "An identity to choose from: pkcs11:... or a PKCS#12 file; may be "
                                           "given several times");
  // One value each time: what follows may be the server.
  identity->type_name("URI")->expected(1)->allow_extra_args(false)->multi_option_policy(
      CLI::MultiOptionPolicy::TakeAll);
  TakesUri(*identity);
  verb->add_option("--trust", options->trust,
                   "CAs to trust for the server's certificate (default: the system's)")
      ->type_name("PEM");
  options->stack.AddTo(*verb);
  verb->add_option(
          "--request", options->request,
          "What to send after the handshake: a path to request with HTTP/1.1 GET (default: /), or any text")
      ->type_name("PATH|TEXT");
  verb->add_flag("--pinned", options->pinned,
                 "Present this identity even if it does not match the server's request");
  verb->add_flag("--resume", options->resume, "Make a second connection that resumes the session");
  verb->add_option("--html", options->html, "Also write the handshake to one self-contained HTML page")
      ->type_name("FILE");
  TakesNumber(*verb->add_option("--timeout", options->timeout_ms,
                                "Total time to wait for the server (default: 10000)")
                   ->type_name("MS"),
              1, kLongestTimeout);
  verb->footer(
      "signet handshake https://example.org/login --identity alice.p12\n"
      "signet handshake example.org:8443 --identity 'pkcs11:token=demo' --trust ca.pem\n"
      "signet handshake '[::1]:8443' --identity alice.p12 --tls 1.2 --html page.html");
  verb->callback([&common, options] {
    const ServerAddress server = Understand(*options);
    common.verb = [&common, options, server] { return Handshake(common, *options, server); };
  });
}

}  // namespace signet::tool

#include "botan/inspector/probe.h"

#include "botan/inspector/connection.h"
#include "botan/inspector/trust.h"
#include "inspector/conclusion.h"
#include "inspector/exchange.h"
#include "inspector/names.h"
#include "inspector/server_verdict.h"
#include "inspector/socket.h"

#include <utility>

#include <poll.h>

namespace signet::botan {
namespace {

using Clock = std::chrono::steady_clock;

// Visit is one connection to the server, with what it leaves for the report.
class Visit {
 public:
  Visit(const Parts& parts, const std::shared_ptr<CredentialsManager>& manager, const ProbeOptions& options)
      : options_(options),
        socket_(Socket::Connect(options.host, options.port, options.timeout)),
        budget_(socket_, options.timeout),
        begin_(Clock::now()),
        connection_(Connection::ToServer(parts, manager, socket_.get(), options.host, options.port)) {}

  // Run makes the handshake and the request's trip.
  void Run(HandshakeReport& report) {
    const bool done = connection_.Handshake([this] { return budget_.Wait(POLLIN, options_.timeout); });
    report.timing = Clock::now() - begin_;
    if (done) {
      Exchange(report);
    } else {
      report.failure = connection_.Failure();
    }
    const WireTape::Played played = connection_.Play();
    if (played.recorder.version() != 0) report.protocol = VersionName(played.recorder.version());
    if (played.suite != 0) report.cipher = SuiteName(played.suite);
    // A server that sends no certificate is one that we verified before.
    report.resumed = done && !connection_.verified() && played.recorder.server_chain().empty();
    report.server_verified = connection_.verified() || report.resumed;
  }

  Recorder recorder() const { return connection_.Play().recorder; }

 private:
  void Exchange(HandshakeReport& report) {
    ApplicationTrip trip;
    const std::string request = RequestText(options_.request, options_.host);
    if (!ServerAccepted(connection_.Play().recorder)) report.failure = Read(VerdictTime(report.timing), true);
    if (!report.failure && connection_.Send(request)) {
      trip.sent = request.size();
      report.failure = Read(options_.timeout, false);
    } else if (!report.failure) {
      report.failure = connection_.Failure();
    }
    TakeResponse(connection_.response(), !options_.request.empty(), std::move(trip), report);
    connection_.Close();
  }

  std::optional<Error> Read(std::chrono::milliseconds patience, bool until_accepted) {
    return ReadResponse(connection_, budget_, patience, until_accepted);
  }

  const ProbeOptions& options_;
  Socket socket_;
  WaitBudget budget_;
  Clock::time_point begin_;
  Connection connection_;
};

// ConsiderDecision puts into the report the result of each identity.
void ConsiderDecision(const Decision& decision, HandshakeReport& report) {
  Consider(decision.choice, report, decision.scheme);
  for (const Unusable& unusable : decision.unusable) {
    report.considered.push_back({.uri = unusable.identity.uri(),
                                 .subject = unusable.identity.subject(),
                                 .chosen = false,
                                 .reasons = {unusable.reason}});
  }
}

// ConnectOnce never throws Error: what goes wrong is the report's failure.
HandshakeReport ConnectOnce(const Parts& shared, const std::shared_ptr<Botan::Credentials_Manager>& trust,
                            const ProbeOptions& options) {
  HandshakeReport report{.stack = "botan"};
  Recorder recorder(Recorder::Side::kClient);
  Options choice{.policy = shared.policy, .selection = {}};
  if (options.pinned && options.identities.size() == 1)
    choice.selection.pinned = options.identities.front().uri();
  const auto manager = CredentialsManager::Make(IdentitySet(options.identities), trust, std::move(choice));
  Parts parts = shared;
  parts.credentials = manager;
  try {
    Visit visit(parts, manager, options);
    visit.Run(report);
    recorder = visit.recorder();
  } catch (const Error& error) {
    report.failure = error;
  }
  if (const std::optional<Decision> decision = manager->last_decision()) ConsiderDecision(*decision, report);
  Conclude(recorder, options, report);
  if (!recorder.client_verify() && report.client_certificate.sent) {
    report.certificate_verify.why = "Botan provides no transcript for the CertificateVerify";
  }
  return report;
}

class BotanProbe : public Probe {
 public:
  std::vector<HandshakeReport> Connect(const ProbeOptions& options) override {
    Parts parts;
    parts.policy = MakePolicy(options.protocol_version);
    const auto trust = MakeTrust(options.trust_file);
    std::vector<HandshakeReport> reports;
    reports.push_back(ConnectOnce(parts, trust, options));
    if (options.resume && !reports.front().failure) reports.push_back(ConnectOnce(parts, trust, options));
    return reports;
  }

  std::string Version() const override { return "Botan " + Botan::short_version_string(); }
  std::unique_ptr<Acceptor> Listen(const ServeOptions& options) override { return MakeAcceptor(options); }
};

}  // namespace

std::unique_ptr<Probe> MakeProbe() { return std::make_unique<BotanProbe>(); }

}  // namespace signet::botan

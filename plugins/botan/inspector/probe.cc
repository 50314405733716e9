#include "botan/inspector/probe.h"

#include "botan/inspector/connection.h"
#include "botan/inspector/trust.h"
#include "inspector/conclusion.h"
#include "inspector/exchange.h"
#include "inspector/names.h"
#include "inspector/socket.h"

#include <algorithm>

#include <poll.h>

namespace signet::botan {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::milliseconds;

constexpr std::size_t kEnoughResponse = 65536;
constexpr Milliseconds kQuietAfterResponse = 500ms;
constexpr Milliseconds kQuietAfterHandshake = 2000ms;

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
    if (!Accepted()) report.failure = Read(std::clamp(3 * Passed(report), 100ms, 1000ms), true);
    if (!report.failure && connection_.Send(request)) {
      trip.sent = request.size();
      report.failure = Read(options_.timeout, false);
    } else if (!report.failure) {
      report.failure = connection_.Failure();
    }
    trip.received = connection_.response().size();
    trip.first_line = FirstLine(connection_.response());
    report.application = trip;
    if (!report.failure)
      report.failure = RefusalInResponse(connection_.response(), !options_.request.empty());
    connection_.Close();
  }

  static Milliseconds Passed(const HandshakeReport& report) {
    return std::chrono::duration_cast<Milliseconds>(report.timing);
  }

  // Read reads until the server closes, falls silent or has said enough, or `until_accepted`. A TLS 1.3
  // server refuses a certificate only here, when the client has long finished: until it proved that it took
  // our side of the handshake, it gets all of `patience`.
  std::optional<Error> Read(Milliseconds patience, bool until_accepted) {
    const std::string& response = connection_.response();
    while (response.size() < kEnoughResponse && !(until_accepted && Accepted())) {
      Milliseconds quiet = patience;
      if (!response.empty()) quiet = std::min(patience, kQuietAfterResponse);
      if (response.empty() && Accepted()) quiet = std::min(patience, kQuietAfterHandshake);
      if (!budget_.Wait(POLLIN, quiet)) {
        connection_.GiveUp();
      } else if (connection_.Pump()) {
        continue;
      }
      const bool refused = connection_.Play().recorder.received_alert().has_value();
      if (!refused && (connection_.silent() || Accepted() || !response.empty())) break;
      return connection_.Failure();
    }
    return std::nullopt;
  }

  // Accepted tells whether the server showed that it took our side of the handshake.
  bool Accepted() const {
    const Recorder recorder = connection_.Play().recorder;
    if (recorder.version() < kTls13) return true;
    return std::ranges::any_of(recorder.messages(), [](const HandshakeMessage& message) {
      return message.direction == Direction::kReceived && message.message == "NewSessionTicket";
    });
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

#include "gnutls/inspector/probe.h"

#include "gnutls/inspector/connection.h"
#include "gnutls/inspector/presenter.h"
#include "gnutls/inspector/session_options.h"
#include "gnutls/schemes.h"
#include "inspector/conclusion.h"
#include "inspector/exchange.h"
#include "inspector/names.h"
#include "inspector/server_verdict.h"
#include "inspector/socket.h"

#include <utility>

#include <poll.h>

namespace signet::gnutls {
namespace {

using Clock = std::chrono::steady_clock;

using SessionData = std::vector<std::uint8_t>;

// Visit is one connection to the server, with what it leaves for the report.
class Visit {
 public:
  Visit(gnutls_certificate_credentials_t credentials, const ProbeOptions& options, const SessionData& resumes)
      : options_(options),
        socket_(Socket::Connect(options.host, options.port, options.timeout)),
        budget_(socket_, options.timeout),
        connection_(Recorder::Side::kClient, credentials, options.protocol_version, socket_.get(),
                    {.wait = [this](short events) { return budget_.Wait(events, options_.timeout); },
                     .read = [this] { return budget_.Read(); }}) {
    socket_.SetNonBlocking();
    connection_.VerifyServer(options.host);
    if (!resumes.empty()) gnutls_session_set_data(connection_.session(), resumes.data(), resumes.size());
  }

  const Connection& connection() const noexcept { return connection_; }

  // Run makes the handshake and the request's trip.
  void Run(HandshakeReport& report) {
    const Clock::time_point begin = Clock::now();
    const bool done = connection_.Handshake();
    report.timing = Clock::now() - begin;
    if (done) {
      Exchange(report);
    } else {
      report.failure = connection_.Failure();
    }
    const WireTape::Played played = connection_.Play();
    if (played.recorder.version() != 0) report.protocol = VersionName(played.recorder.version());
    if (played.suite != 0) report.cipher = SuiteName(played.suite);
    report.resumed = done && gnutls_session_is_resumed(connection_.session()) != 0;
    // A server whose session is resumed is one that we verified before.
    report.server_verified = connection_.verified() || report.resumed;
    if (const auto server = connection_.peer()) report.server_subject = server->subject();
  }

  // Session is what a further connection resumes; empty where the server gave nothing for it.
  SessionData Session() const {
    gnutls_datum_t data{};
    if (gnutls_session_get_data2(connection_.session(), &data) < 0) return {};
    const std::unique_ptr<unsigned char, decltype(gnutls_free)> owned(data.data, gnutls_free);
    return {data.data, data.data + data.size};
  }

 private:
  void Exchange(HandshakeReport& report) {
    ApplicationTrip trip;
    const std::string request = RequestText(options_.request, options_.host);
    if (!ServerAccepted(connection_.Play().recorder)) report.failure = Read(VerdictTime(report.timing), true);
    if (!report.failure && connection_.Send(request)) {
      trip.sent = request.size();
      report.failure = Read(options_.timeout, false);
    } else if (!report.failure) {
      const Error broken = connection_.Failure();
      Read(options_.timeout, false);  // it may say why
      report.failure = connection_.Play().recorder.received_alert() ? connection_.Failure() : broken;
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
  Connection connection_;
};

// Usable gives the identities that GnuTLS can present, and adds the others to `unusable`.
std::vector<Identity> Usable(const std::vector<Identity>& identities,
                             std::vector<ConsideredIdentity>& unusable) {
  std::vector<Identity> usable;
  for (const Identity& identity : identities) {
    if (const auto why = WhyUnusable(identity)) {
      unusable.push_back({.uri = identity.uri(), .subject = identity.subject(), .reasons = {*why}});
    } else {
      usable.push_back(identity);
    }
  }
  return usable;
}

// ConsiderChoice adds the result for each identity to the report.
void ConsiderChoice(const Presenter& presenter, gnutls_session_t session,
                    const std::vector<ConsideredIdentity>& unusable, HandshakeReport& report) {
  const std::optional<Choice> choice = presenter.Taken(session);
  // GnuTLS may choose before it verifies the server; nothing is presented to one that it does not trust.
  if (!choice || (report.failure && report.failure->code() == ErrorCode::kUntrustedServer)) return;
  const std::uint16_t scheme =
      SchemeOf(static_cast<gnutls_sign_algorithm_t>(gnutls_sign_algorithm_get_client(session)));
  Consider(*choice, report, scheme == 0 ? std::nullopt : std::optional(static_cast<SignatureScheme>(scheme)));
  report.considered.insert(report.considered.end(), unusable.begin(), unusable.end());
}

// Shared is what several connections have in common.
struct Shared {
  Credentials credentials;
  std::vector<ConsideredIdentity> unusable;
  Presenter presenter;
};

// ConnectOnce never throws Error: what goes wrong is the report's failure. `session` is resumed, and then the
// new one.
HandshakeReport ConnectOnce(const Shared& shared, const ProbeOptions& options, SessionData& session) {
  HandshakeReport report{.stack = "gnutls"};
  Recorder recorder(Recorder::Side::kClient);
  try {
    Visit visit(shared.credentials.get(), options, session);
    visit.Run(report);
    const gnutls_session_t handle = visit.connection().session();
    if (auto failure = shared.presenter.Failure(handle)) report.failure = std::move(failure);
    ConsiderChoice(shared.presenter, handle, shared.unusable, report);
    recorder = visit.connection().Play().recorder;
    if (options.resume && !report.failure) session = visit.Session();
  } catch (const Error& error) {
    report.failure = error;
  }
  Conclude(recorder, options, report);
  if (!recorder.client_verify() && report.client_certificate.sent) {
    report.certificate_verify.why = "GnuTLS shows no transcript that the CertificateVerify could be seen in";
  }
  return report;
}

class GnuTlsProbe : public Probe {
 public:
  std::vector<HandshakeReport> Connect(const ProbeOptions& options) override {
    Credentials credentials = MakeCredentials(options.trust_file);
    std::vector<ConsideredIdentity> unusable;
    const std::vector<Identity> usable = Usable(options.identities, unusable);
    Presenter presenter(credentials.get(), usable, options.pinned && options.identities.size() == 1);
    const Shared shared{std::move(credentials), std::move(unusable), std::move(presenter)};
    SessionData session;
    std::vector<HandshakeReport> reports;
    reports.push_back(ConnectOnce(shared, options, session));
    if (options.resume && !reports.front().failure) reports.push_back(ConnectOnce(shared, options, session));
    return reports;
  }

  std::string Version() const override { return std::string("GnuTLS ") + gnutls_check_version(nullptr); }
  std::unique_ptr<Acceptor> Listen(const ServeOptions& options) override { return MakeAcceptor(options); }
};

}  // namespace

std::unique_ptr<Probe> MakeProbe() { return std::make_unique<GnuTlsProbe>(); }

}  // namespace signet::gnutls

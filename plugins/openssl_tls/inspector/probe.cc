#include "openssl_tls/inspector/probe.h"

#include "base/openssl_error.h"
#include "inspector/conclusion.h"
#include "inspector/exchange.h"
#include "inspector/server_verdict.h"
#include "inspector/socket.h"
#include "openssl_tls/inspector/connection.h"
#include "openssl_tls/request.h"
#include <signet/openssl_tls.h>

#include <algorithm>
#include <utility>

#include <openssl/err.h>
#include <poll.h>

namespace signet::openssl {
namespace {

using Clock = std::chrono::steady_clock;

// ExpectHost makes the verification check the name that we connected to.
void ExpectHost(SSL* connection, const std::string& host) {
  if (IsAddress(host)) {
    CheckOpenSsl(X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(connection), host.c_str()),
                 "X509_VERIFY_PARAM_set1_ip_asc");
    return;
  }
  CheckOpenSsl(SSL_set1_host(connection, host.c_str()), "SSL_set1_host");
  CheckOpenSsl(static_cast<int>(SSL_set_tlsext_host_name(connection, host.c_str())),
               "SSL_set_tlsext_host_name");
}

// Visit is one connection to the server, with what it leaves for the report.
class Visit {
 public:
  Visit(SSL_CTX* context, const ProbeOptions& options, SSL_SESSION* session)
      : options_(options),
        socket_(Socket::Connect(options.host, options.port, options.timeout)),
        budget_(socket_, options.timeout),
        connection_(SSL_new(context)) {
    CheckOpenSsl(connection_.get(), "SSL_new");
    recording_.emplace(connection_.get(), Recorder::Side::kClient);
    ExpectHost(connection_.get(), options.host);
    socket_.SetNonBlocking();
    CheckOpenSsl(SSL_set_fd(connection_.get(), socket_.get()), "SSL_set_fd");
    // libssl continues reading without a word while messages that it skips keep coming.
    BIO_set_callback_ex(SSL_get_rbio(connection_.get()), BoundReading);
    BIO_set_callback_arg(SSL_get_rbio(connection_.get()), reinterpret_cast<char*>(&budget_));
    SSL_set_post_handshake_auth(connection_.get(), 1);
    if (session != nullptr) SSL_set_session(connection_.get(), session);
  }

  SSL* connection() const noexcept { return connection_.get(); }

  // Run makes the handshake and the request's trip.
  // An identity that was chosen and is `unusable` is why the handshake failed.
  void Run(HandshakeReport& report, const std::optional<Error>& unusable) {
    ERR_clear_error();
    const Clock::time_point begin = Clock::now();
    const int result = Drive([&] { return SSL_connect(connection()); });
    report.timing = Clock::now() - begin;
    if (result != 1) {
      report.failure = unusable ? *unusable : HandshakeFailure(connection(), result, *recording_);
    } else {
      Exchange(report);
    }
    Fill(report);
  }

 private:
  // Drive repeats `step` until it is done, fails, or the budget is spent.
  template <class Step>
  int Drive(Step&& step) {
    while (true) {
      const int result = step();
      const int kind = result == 1 ? SSL_ERROR_NONE : SSL_get_error(connection(), result);
      const bool waits = kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE;
      if (!waits || !budget_.Wait(EventsOf(kind), options_.timeout)) return result;
    }
  }

  // BoundReading makes a read fail as if nothing had come once the budget is spent.
  static long BoundReading(BIO* bio, int operation, const char*, std::size_t, int, long, int result,
                           std::size_t*) noexcept {
    if (operation != BIO_CB_READ || reinterpret_cast<WaitBudget*>(BIO_get_callback_arg(bio))->Read())
      return result;
    BIO_clear_retry_flags(bio);
    BIO_set_retry_read(bio);
    return -1;
  }

  static short EventsOf(int kind) { return kind == SSL_ERROR_WANT_WRITE ? POLLOUT : POLLIN; }

  void Exchange(HandshakeReport& report) {
    ApplicationTrip trip;
    std::string response;
    // A server that closes while data arrives may cut its own alert off, so its verdict is awaited first.
    const auto verdict = Accepted() ? std::chrono::milliseconds(0) : VerdictTime(report.timing);
    report.failure = Read(response, verdict, kUntilMessage);
    if (!report.failure) report.failure = SendRequest(trip);
    if (!report.failure) report.failure = Read(response, options_.timeout, kUntilSilence);
    TakeResponse(response, !options_.request.empty(), std::move(trip), report);
    SSL_shutdown(connection());
  }

  std::optional<Error> SendRequest(ApplicationTrip& trip) {
    const std::string request = RequestText(options_.request, options_.host);
    if (Drive([&] { return SSL_write_ex(connection(), request.data(), request.size(), &trip.sent); }) == 1) {
      recording_->ApplicationData(Direction::kSent, trip.sent);
      return std::nullopt;
    }
    const Error failure = HandshakeFailure(connection(), 0, *recording_);
    std::string unread;
    const std::optional<Error> alert = Read(unread, options_.timeout, kUntilSilence);  // it may say why
    return alert && recording_->recorder().received_alert() ? alert : failure;
  }

  enum Until { kUntilMessage, kUntilSilence };

  // Read reads until the server closes, falls silent, or has said enough: one message, or a response. In
  // TLS 1.3 a refused certificate shows only here: until the server proved that it read our Finished, it gets
  // all of `patience`.
  std::optional<Error> Read(std::string& response, std::chrono::milliseconds patience, Until until) {
    char part[16384];
    while (response.size() < kEnoughResponse && patience.count() > 0) {
      const std::size_t seen = recording_->recorder().messages().size();
      std::size_t got = 0;
      if (SSL_read_ex(connection(), part, sizeof part, &got) == 1) {
        recording_->ApplicationData(Direction::kReceived, got);
        response.append(part, got);
        if (until == kUntilMessage || IsComplete(response)) break;
        continue;
      }
      const int kind = SSL_get_error(connection(), 0);
      const bool waits = kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE;
      if (waits && recording_->recorder().messages().size() != seen && until == kUntilMessage) break;
      // A ticket or a request for a certificate may come without data behind it.
      if (waits && budget_.Wait(EventsOf(kind), std::min(patience, Patience(response)))) continue;
      const bool refused = recording_->recorder().received_alert().has_value();
      const bool silent_or_closed = waits || kind == SSL_ERROR_ZERO_RETURN;
      if (!refused && (silent_or_closed || Accepted() || !response.empty())) break;
      return HandshakeFailure(connection(), 0, *recording_);
    }
    return std::nullopt;
  }

  bool Accepted() const { return ServerAccepted(recording_->recorder()); }

  std::chrono::milliseconds Patience(const std::string& response) const {
    if (!response.empty()) return std::min(options_.timeout, kQuietAfterResponse);
    return Accepted() ? std::min(options_.timeout, kQuietAfterHandshake) : options_.timeout;
  }

  void Fill(HandshakeReport& report) const {
    report.protocol = ProtocolOf(*recording_);
    report.cipher = CipherOf(connection());
    report.resumed = SSL_session_reused(connection()) == 1;
    const std::optional<Certificate> server = PeerCertificate(connection());
    if (server) report.server_subject = server->subject();
    report.server_verified = server && SSL_get_verify_result(connection()) == X509_V_OK;
    Conclude(recording_->recorder(), options_, report);
  }

  const ProbeOptions& options_;
  Socket socket_;
  WaitBudget budget_;
  std::optional<Recording> recording_;  // outlives the connection, which shows it its messages
  OpenSslPtr<SSL> connection_;
};

class OpenSslProbe : public Probe {
 public:
  std::vector<HandshakeReport> Connect(const ProbeOptions& options) override;
  std::string Version() const override {
    return std::string("OpenSSL ") + OpenSSL_version(OPENSSL_VERSION_STRING);
  }
  std::unique_ptr<Acceptor> Listen(const ServeOptions& options) override { return MakeAcceptor(options); }
};

// SessionKeeper keeps the newest session of a context's connections, to be resumed.
class SessionKeeper {
 public:
  explicit SessionKeeper(SSL_CTX* context) {
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_set_app_data(context, this);
    SSL_CTX_sess_set_new_cb(context, Keep);
  }
  SSL_SESSION* session() const noexcept { return session_.get(); }

 private:
  static int Keep(SSL* connection, SSL_SESSION* session) noexcept {
    auto* self = static_cast<SessionKeeper*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(connection)));
    self->session_.reset(session);
    return 1;  // the reference is ours
  }

  OpenSslPtr<SSL_SESSION> session_;
};

// ConnectOnce never throws Error: what goes wrong is the report's failure.
HandshakeReport ConnectOnce(SSL_CTX* context, const ProbeOptions& options, OSSL_LIB_CTX* library,
                            SSL_SESSION* session) {
  HandshakeReport report{.stack = "openssl"};
  std::optional<Error> unusable;
  try {
    Visit visit(context, options, session);
    SelectorOptions selector{.library = library};
    if (options.pinned && options.identities.size() == 1)
      selector.policy.pinned = options.identities.front().uri();
    selector.on_choice = [&](const Choice& choice) { Consider(choice, report); };
    selector.on_error = [&](const Error& error) { unusable = error; };
    UseSelector(visit.connection(), IdentitySet(options.identities), std::move(selector));
    visit.Run(report, unusable);
  } catch (const Error& error) {
    report.failure = error;
    Conclude(Recorder(Recorder::Side::kClient), options, report);
  }
  return report;
}

std::vector<HandshakeReport> OpenSslProbe::Connect(const ProbeOptions& options) {
  const OpenSslPtr<OSSL_LIB_CTX> library(OSSL_LIB_CTX_new());
  CheckOpenSsl(library.get(), "OSSL_LIB_CTX_new");
  const OpenSslPtr<SSL_CTX> context =
      MakeContext(library.get(), TLS_client_method(), options.protocol_version);
  LoadTrust(context.get(), options.trust_file);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_clear_mode(context.get(), SSL_MODE_AUTO_RETRY);
  const SessionKeeper keeper(context.get());
  WatchOidFilters(context.get());
  std::vector<HandshakeReport> reports;
  reports.push_back(ConnectOnce(context.get(), options, library.get(), nullptr));
  if (options.resume && !reports.front().failure) {
    reports.push_back(ConnectOnce(context.get(), options, library.get(), keeper.session()));
  }
  return reports;
}

}  // namespace

std::unique_ptr<Probe> MakeProbe() { return std::make_unique<OpenSslProbe>(); }

}  // namespace signet::openssl

#include "c_abi/objects.h"
#include "gnutls/inspector/connection.h"
#include "gnutls/inspector/presenter.h"
#include "gnutls/inspector/probe.h"
#include "gnutls/inspector/session_options.h"
#include "inspector/exchange.h"
#include "inspector/pem_identity.h"

#include <fmt/format.h>

namespace signet::gnutls {
namespace {

class GnuTlsAcceptor : public Acceptor {
 public:
  explicit GnuTlsAcceptor(const ServeOptions& options)
      : version_(options.protocol_version), credentials_(MakeCredentials(options.trust_file)) {
    const Identity identity =
        options.identity ? *options.identity : ReadPemIdentity(options.certificate_file, options.key_file);
    if (const auto why = WhyUnusable(identity)) {
      throw Error({.code = ErrorCode::kUnsupported,
                   .detail = fmt::format("{} cannot be served: {}", identity.subject(), *why),
                   .hint = "Serve another certificate, or use --stack openssl."});
    }
    identity.key()->Unlock();
    // A test server's certificate is the user's own affair.
    presenter_.emplace(credentials_.get(), std::vector<Identity>{identity}, true);
    CheckGnuTls(gnutls_session_ticket_key_generate(&ticket_key_), "gnutls_session_ticket_key_generate");
  }
  ~GnuTlsAcceptor() override { gnutls_free(ticket_key_.data); }
  GnuTlsAcceptor(const GnuTlsAcceptor&) = delete;
  GnuTlsAcceptor& operator=(const GnuTlsAcceptor&) = delete;

  Visitor Accept(int socket) override try {
    Connection connection(Recorder::Side::kServer, credentials_.get(), version_, socket, {});
    connection.VerifyClient();
    gnutls_session_ticket_enable_server(connection.session(), &ticket_key_);
    const bool done = connection.Handshake();
    Visitor visitor = Read(connection);
    if (done) {
      Answer(connection, visitor);
    } else if (const auto unusable = presenter_->Failure(connection.session())) {
      visitor.failure = unusable;
    } else {
      visitor.failure = connection.Failure();
    }
    return visitor;
  } catch (const Error& error) {
    Visitor visitor;
    visitor.failure = error;
    return visitor;
  }

 private:
  static Visitor Read(const Connection& connection) {
    Visitor visitor = VisitorOf(connection.Play(), connection.peer());
    visitor.resumed = gnutls_session_is_resumed(connection.session()) != 0;
    return visitor;
  }

  // Answer waits for whatever the client says first; one that says nothing gets no answer.
  static void Answer(Connection& connection, const Visitor& visitor) {
    while (connection.response().empty()) {
      if (!connection.Pump() || connection.silent()) break;
    }
    if (connection.response().empty()) return;
    connection.Send(VisitorPage(visitor));
    connection.Close();
  }

  std::optional<std::uint16_t> version_;
  Credentials credentials_;
  std::optional<Presenter> presenter_;
  gnutls_datum_t ticket_key_{};
};

}  // namespace

std::unique_ptr<Acceptor> MakeAcceptor(const ServeOptions& options) {
  return std::make_unique<GnuTlsAcceptor>(options);
}

}  // namespace signet::gnutls

#include "botan/inspector/connection.h"
#include "botan/inspector/probe.h"
#include "botan/inspector/trust.h"
#include "botan/stack_schemes.h"
#include "inspector/exchange.h"
#include "inspector/pem_identity.h"

#include <fmt/format.h>

namespace signet::botan {
namespace {

class BotanAcceptor : public Acceptor {
 public:
  explicit BotanAcceptor(const ServeOptions& options) : trust_(MakeTrust(options.trust_file)) {
    parts_.policy = MakePolicy(options.protocol_version);
    const Identity identity =
        options.identity ? *options.identity : ReadPemIdentity(options.certificate_file, options.key_file);
    if (std::string why = WhyUnusable(*identity.key()); !why.empty()) {
      throw Error({.code = ErrorCode::kUnsupported,
                   .detail = fmt::format("{} cannot be served: {}", identity.subject(), why),
                   .hint = "Serve an RSA or EC certificate, or use --stack openssl."});
    }
    identity.key()->Unlock();
    Options choice{.policy = parts_.policy, .selection = {}};
    choice.selection.pinned = identity.uri();  // a test server's certificate is the user's own affair
    identities_ = IdentitySet({identity});
    choice_ = std::move(choice);
  }

  Visitor Accept(int socket) override try {
    // A manager of its own for each connection: they are served by several threads at once.
    const auto manager = CredentialsManager::Make(identities_, trust_, choice_);
    Parts parts = parts_;
    parts.credentials = manager;
    Connection connection = Connection::ToClient(parts, manager, socket);
    const bool done = connection.Handshake();
    Visitor visitor = Read(connection);
    if (!done) {
      visitor.failure = connection.Failure();
    } else {
      Answer(connection, visitor);
    }
    return visitor;
  } catch (const Error& error) {
    Visitor visitor;
    visitor.failure = error;
    return visitor;
  }

 private:
  static Visitor Read(const Connection& connection) {
    const WireTape::Played played = connection.Play();
    const std::optional<Certificate> leaf = connection.peer();
    Visitor visitor = VisitorOf(played, leaf);
    visitor.resumed = leaf && played.recorder.server_chain().empty();
    return visitor;
  }

  // Answer waits for the client's first data; a silent client gets no answer.
  static void Answer(Connection& connection, const Visitor& visitor) {
    while (connection.response().empty()) {
      if (!connection.Pump()) break;
    }
    if (connection.response().empty()) return;
    connection.Send(VisitorPage(visitor));
    connection.Close();
  }

  std::shared_ptr<Botan::Credentials_Manager> trust_;
  Parts parts_;
  IdentitySet identities_;
  Options choice_;
};

}  // namespace

std::unique_ptr<Acceptor> MakeAcceptor(const ServeOptions& options) {
  return std::make_unique<BotanAcceptor>(options);
}

}  // namespace signet::botan

// No handshake fails for a choice that could have been known to be wrong: for each request, the selector
// succeeds whenever any identity of the set does by itself, on any of its paths.
#include "openssl_tls/request_table.h"
#include <signet/openssl_tls.h>

#include <gmock/gmock.h>

namespace signet {
namespace {

class EveryRequest : public ::testing::TestWithParam<std::string> {
 protected:
  OpenSslPtr<SSL_CTX> Client(const Request& request) const {
    auto context = ClientContext(table_.server_root());
    SetVersion(context.get(), GetParam());
    SSL_CTX_set_security_level(context.get(), request.level);
    EXPECT_EQ(SSL_CTX_set1_groups_list(context.get(), request.groups.c_str()), 1);
    return context;
  }

  // Presented is the common name that the server accepted; empty for none, "failed" for no connection.
  static std::string Presented(SSL_CTX* client, SSL_CTX* server) {
    MemoryHandshake handshake(client, server);
    if (!handshake.Run() || !handshake.Exchange()) return "failed";
    return handshake.ClientSubject();
  }

  // AnyCan presents each identity by itself.
  bool AnyCan(const Request& request) const {
    const auto server = table_.Server(request, GetParam());
    for (const Identity& identity : table_.identities()) {
      for (const Identity& alternative : Alternatives(identity)) {
        const auto client = Client(request);
        SSL_CTX_set_mode(client.get(), SSL_MODE_NO_AUTO_CHAIN);
        try {
          openssl::UseIdentity(client.get(), alternative);
        } catch (const Error&) {
          continue;
        }
        const std::string presented = Presented(client.get(), server.get());
        if (!presented.empty() && presented != "failed") return true;
      }
    }
    return false;
  }

  RequestTable table_;
};

TEST_P(EveryRequest, IsAnsweredIfAnyIdentityFits) {
  const std::vector<Request> requests = Requests();
  EXPECT_GE(requests.size(), 40u);
  int met = 0;
  for (const Request& request : requests) {
    SCOPED_TRACE(fmt::format("[{}] {} level {} groups {}", request.authorities, request.schemes,
                             request.level, request.groups));
    const auto server = table_.Server(request, GetParam());
    const auto client = Client(request);
    std::string why;
    openssl::SelectorOptions options;
    options.on_choice = [&](const Choice& choice) {
      for (const auto& row : choice.considered())
        why += fmt::format("{}: {}\n", row.identity.subject(), row.reasons.at(0).text);
    };
    openssl::UseSelector(client.get(), IdentitySet(table_.identities()), options);
    const std::string presented = Presented(client.get(), server.get());
    EXPECT_NE(presented, "failed") << why;
    if (presented.empty()) {
      EXPECT_FALSE(AnyCan(request)) << why;
    } else {
      ++met;
    }
  }
  EXPECT_GE(met, 25);
}

INSTANTIATE_TEST_SUITE_P(Versions, EveryRequest, ::testing::Values("1.2", "1.3"),
                         [](const auto& row) { return row.param == "1.2" ? "Tls12" : "Tls13"; });

}  // namespace
}  // namespace signet

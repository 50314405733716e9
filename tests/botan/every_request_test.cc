// The same table as for OpenSSL: Botan succeeds whenever any identity of the set does by itself.
#include "botan/plain_connection.h"
#include "openssl_tls/request_table.h"

#include <thread>

#include <gmock/gmock.h>

namespace signet::botan {
namespace {

using namespace std::chrono_literals;

#if SIGNET_BOTAN_3
constexpr const char* kVersions[] = {"1.2", "1.3"};
#else
constexpr const char* kVersions[] = {"1.2"};
#endif

class EveryRequest : public ::testing::TestWithParam<const char*> {
 protected:
  EveryRequest() {
    const auto store = std::make_shared<Botan::Certificate_Store_In_Memory>();
    const auto der = table_.server_root().certificate.der();
    store->add_certificate(Botan::X509_Certificate(der.data(), der.size()));
    trust_ = std::make_shared<Trusting>(store);
  }

  // Trusting has the server's root and nothing else.
  class Trusting : public Botan::Credentials_Manager {
   public:
    explicit Trusting(std::shared_ptr<Botan::Certificate_Store> store) : store_(std::move(store)) {}
    std::vector<Botan::Certificate_Store*> trusted_certificate_authorities(const std::string&,
                                                                           const std::string&) override {
      return {store_.get()};
    }

   private:
    std::shared_ptr<Botan::Certificate_Store> store_;
  };

  // Presented is the common name that the server accepted; empty for none, "failed" for no connection.
  std::string Presented(const Request& request, const std::vector<Identity>& identities,
                        std::string* why) const {
    const auto context = table_.Server(request, GetParam());
    const Socket listener = Socket::Listen("127.0.0.1", 0);
    std::string presented = "failed";
    std::thread server([&] {
      const Socket socket = listener.Accept(10s);
      const OpenSslPtr<SSL> connection(SSL_new(context.get()));
      SSL_set_fd(connection.get(), socket.get());
      char request_line[100];
      if (SSL_accept(connection.get()) != 1) return;
      if (SSL_read(connection.get(), request_line, sizeof request_line) <= 0) return;
      SSL_write(connection.get(), "done\n", 5);
      SSL_shutdown(connection.get());
      X509* leaf = SSL_get0_peer_certificate(connection.get());
      char name[100] = "";
      if (leaf != nullptr)
        X509_NAME_get_text_by_NID(X509_get_subject_name(leaf), NID_commonName, name, sizeof name);
      presented = name;
    });
    const auto policy = std::make_shared<ChannelPolicy>();
    const auto manager = CredentialsManager::Make(IdentitySet(identities), trust_, {.policy = policy});
    {
      auto client = PlainConnection::ToServer({.manager = manager, .policy = policy}, listener.port());
      const std::string answer = client.Fetch();
      if (why != nullptr) *why = answer;
    }
    server.join();
    if (why != nullptr && manager->last_decision()) *why += "\n" + manager->last_decision()->Explain();
    return presented;
  }

  bool AnyCan(const Request& request) const {
    for (const Identity& identity : table_.identities()) {
      for (const Identity& alternative : Alternatives(identity)) {
        const std::string presented = Presented(request, {alternative}, nullptr);
        if (!presented.empty() && presented != "failed") return true;
      }
    }
    return false;
  }

  RequestTable table_;
  std::shared_ptr<Botan::Credentials_Manager> trust_;
};

TEST_P(EveryRequest, IsAnsweredIfAnyIdentityFits) {
  int met = 0;
  for (const Request& request : Requests()) {
    SCOPED_TRACE(fmt::format("[{}] {}", request.authorities, request.schemes));
    std::string why;
    const std::string presented = Presented(request, table_.identities(), &why);
    // Where nothing is presented Botan 2 continues without.
    EXPECT_NE(presented, "failed") << why;
    if (presented.empty()) {
      EXPECT_FALSE(AnyCan(request)) << why;
    } else {
      ++met;
    }
  }
  EXPECT_GE(met, 15);
}

INSTANTIATE_TEST_SUITE_P(Versions, EveryRequest, ::testing::ValuesIn(kVersions),
                         [](const auto& row) { return std::string(row.param) == "1.2" ? "Tls12" : "Tls13"; });

}  // namespace
}  // namespace signet::botan

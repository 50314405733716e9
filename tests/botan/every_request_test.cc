// The same table as for OpenSSL: Botan succeeds whenever any identity of the set does by itself.
#include "botan/plain_connection.h"
#include "openssl_tls/request_table.h"

#include <gmock/gmock.h>

namespace signet::botan {
namespace {

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
    const auto policy = std::make_shared<ChannelPolicy>();
    const auto manager = CredentialsManager::Make(IdentitySet(identities), trust_, {.policy = policy});
    const std::string presented = NameOfClient(context.get(), [&](std::uint16_t port) {
      auto client = PlainConnection::ToServer({.manager = manager, .policy = policy}, port);
      const std::string answer = client.Fetch();
      if (why != nullptr) *why = answer;
    });
    if (why != nullptr && manager->last_decision()) *why += "\n" + manager->last_decision()->Explain();
    return presented;
  }

  RequestTable table_;
  std::shared_ptr<Botan::Credentials_Manager> trust_;
};

TEST_P(EveryRequest, IsAnsweredIfAnyIdentityFits) {
  ExpectEveryRequestAnswered(table_, [this](const auto& request, const auto& identities, std::string* why) {
    return Presented(request, identities, why);
  });
}

INSTANTIATE_TEST_SUITE_P(Versions, EveryRequest, ::testing::ValuesIn(kVersions),
                         [](const auto& row) { return std::string(row.param) == "1.2" ? "Tls12" : "Tls13"; });

}  // namespace
}  // namespace signet::botan

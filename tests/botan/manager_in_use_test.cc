// The manager in handshakes with real servers, as programs use it: with and without the callbacks, many
// connections with one manager.
#include "botan/inspector/trust.h"
#include "botan/keys.h"
#include "botan/plain_connection.h"
#include "botan/servers.h"
#include "botan/site.h"
#include <signet/testing/process.h>

#include <atomic>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet::botan {
namespace {

using enum SignatureScheme;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Identity Made(const char* key) {
  return MakeIdentity(Site::Get().pki().Issue({.key = key, .common_name = key}), std::string("test:") + key);
}

std::shared_ptr<CredentialsManager> Managing(std::vector<Identity> identities,
                                             std::shared_ptr<const Botan::TLS::Policy> policy = nullptr) {
  Options options;
  options.policy = std::move(policy);
  return CredentialsManager::Make(IdentitySet(std::move(identities)), MakeTrust(Site::Get().trust_file()),
                                  std::move(options));
}

std::string Fetch(const Server& server, const PlainConnection::Setup& setup) {
  return PlainConnection::ToServer(setup, server.port()).Fetch();
}

TEST(ManagerInUse, ServerWithOnlyUnknownSchemesGetsAnEmptyCertificateAndThereIsAReason) {
  std::vector<Identity> identities = {Made("ed25519"), Made("rsa-pss:2048"), Made("rsa:2048"),
                                      Made("ec:P-256")};
  if (testing::TestPki::HasKeyType("ml-dsa-65")) identities.push_back(Made("ml-dsa-65"));
  for (const std::uint16_t version : kTlsVersions) {
    for (const SignatureScheme scheme : {kEd25519, kEd448, kRsaPssPssSha256}) {
      SCOPED_TRACE(Name(scheme));
      const auto server = StartOpenSsl({.version = version, .scheme = scheme, .require = false});
      const auto manager = Managing(identities);
      PlainConnection client = PlainConnection::ToServer({.manager = manager}, server->port());
      EXPECT_THAT(client.Fetch(), HasSubstr("HTTP/1.0 200"));
      EXPECT_THAT(client.requested(), ElementsAre(scheme));
      const std::optional<Decision> decision = manager->last_decision();
      ASSERT_TRUE(decision.has_value());
      EXPECT_TRUE(decision->exact);
      EXPECT_FALSE(decision->choice);
      EXPECT_THAT(decision->choice.request().schemes, ElementsAre(scheme));
      const std::string why = decision->Explain();
      for (const Identity& identity : identities) {
        const bool usable = identity.uri() == "test:rsa:2048" || identity.uri() == "test:ec:P-256";
        EXPECT_THAT(why, HasSubstr(identity.uri() + ": not chosen, " +
                                   (usable ? "the server accepts none of the signature schemes of its key"
                                           : "Botan's TLS has no signature scheme for its key")));
      }
    }
  }
}

#if SIGNET_BOTAN_3
TEST(ManagerInUse, WithoutIdentitiesBotanEndsSuchAHandshake) {
  const auto server = StartOpenSsl({.version = 0x0304, .scheme = kEd25519, .require = false});
  EXPECT_THAT(Fetch(*server, {.manager = Managing({})}),
              HasSubstr("Failed to agree on any signature algorithm"));
}
#endif

TEST(ManagerInUse, AlternatingConnectionsInOneThreadAreDistinguished) {
  const char* keys[] = {"ec:P-256", "rsa:2048", "ec:P-256"};
  const SignatureScheme schemes[] = {kEcdsaSecp256r1Sha256, kRsaPssRsaeSha256, kEcdsaSecp256r1Sha256};
  for (const std::uint16_t version : kTlsVersions) {
    const auto manager = Managing({Made("ec:P-256"), Made("rsa:2048")});
    std::vector<std::unique_ptr<Server>> servers;
    std::vector<PlainConnection> clients;
    for (const SignatureScheme scheme : schemes) {
      servers.push_back(StartOpenSsl({.version = version, .scheme = scheme}));
      clients.push_back(PlainConnection::ToServer({.manager = manager}, servers.back()->port()));
    }
    // All have seen their requests before one answers.
    for (PlainConnection& client : clients) {
      while (client.requested().empty()) ASSERT_TRUE(client.Step());
    }
    ASSERT_FALSE(manager->last_decision().has_value());
    for (std::size_t i = 0; i < clients.size(); ++i) {
      EXPECT_THAT(clients[i].Fetch(), HasSubstr("HTTP/1.0 200")) << keys[i];
      EXPECT_TRUE(servers[i]->Saw(keys[i])) << servers[i]->output();
    }
  }
}

TEST(ManagerInUse, ConnectionsInManyThreadsAreDistinguished) {
  const char* keys[] = {"ec:P-256", "rsa:2048"};
  const SignatureScheme schemes[] = {kEcdsaSecp256r1Sha256, kRsaPssRsaeSha256};
  for (const std::uint16_t version : kTlsVersions) {
    const auto manager = Managing({Made("ec:P-256"), Made("rsa:2048")});
    std::vector<std::unique_ptr<Server>> servers;
    for (const SignatureScheme scheme : schemes)
      servers.push_back(StartOpenSsl({.version = version, .scheme = scheme}));
    std::atomic<int> welcome = 0;
    {
      std::vector<std::jthread> threads;
      for (std::size_t i = 0; i < 4; ++i) {
        threads.emplace_back([&, &server = *servers[i % 2]] {
          for (int round = 0; round < 3; ++round) {
            if (Fetch(server, {.manager = manager}).find("HTTP/1.0 200") != std::string::npos) ++welcome;
          }
        });
      }
    }
    EXPECT_EQ(welcome, 12);
    for (std::size_t i = 0; i < 2; ++i) EXPECT_TRUE(servers[i]->Saw(keys[i])) << servers[i]->output();
  }
}

TEST(ManagerInUse, ServerThatAsksForCertificatesUsesTheClientsSchemesForItsOwn) {
  Site& site = Site::Get();
  const testing::TestIdentity alice = site.pki().Issue({.key = "ec:P-256"});
  const std::string certificate = site.directory().Write("visitor.pem", alice.ChainPem());
  const std::string key = site.directory().Write("visitor.key", alice.PrivateKeyPem());
  for (const std::uint16_t version : kTlsVersions) {
    const Identity fits = site.Server(Source::kPkcs12, "ec:P-256");
    const auto manager = Managing({site.Server(Source::kPkcs12, "ec:P-384"), fits});
    const Socket listening = Socket::Listen("127.0.0.1", 0);
    testing::BackgroundProcess client(
        {.argv = {"openssl", "s_client", "-connect", "127.0.0.1:" + std::to_string(listening.port()), "-msg",
                  "-cert", certificate, "-key", key, version == 0x0304 ? "-tls1_3" : "-tls1_2", "-sigalgs",
                  "ecdsa_secp256r1_sha256", "-groups",
                  version == 0x0304 ? "ffdhe8192:P-256" : "P-256:P-384"}});
    PlainConnection server =
        PlainConnection::ToClient({.manager = manager}, listening.Accept(std::chrono::seconds(10)));
    EXPECT_EQ(server.Shake(), "") << client.output();
    EXPECT_TRUE(client.WaitForLine("CertificateRequest").has_value()) << client.output();
    // In TLS 1.3 the client has to say twice what it wants: it guessed a group that Botan does not have.
    const std::string said = client.output();
    const std::size_t first = said.find(", ClientHello");
    EXPECT_EQ(said.find(", ClientHello", first + 1) != std::string::npos, version == 0x0304) << said;
    const std::optional<Decision> decision = manager->last_decision();
    ASSERT_TRUE(decision.has_value());
    EXPECT_TRUE(decision->exact);
    EXPECT_EQ(decision->choice.request().role, CertificateRequest::Role::kServer);
    EXPECT_THAT(decision->choice.request().schemes, ElementsAre(kEcdsaSecp256r1Sha256));
    ASSERT_TRUE(decision->choice);
    // TLS 1.2 binds no curve to a hash.
    if (version == 0x0304) {
      EXPECT_EQ(decision->choice.identity()->uri(), fits.uri());
    }
  }
}

TEST(ManagerInUse, EndedConnectionDoesNotAffectTheNext) {
  for (const std::uint16_t version : kTlsVersions) {
    const auto manager = Managing({Made("ec:P-384"), Made("rsa:2048")});
    const auto first = StartOpenSsl({.version = version, .scheme = kRsaPssRsaeSha256});
    EXPECT_THAT(Fetch(*first, {.manager = manager}), HasSubstr("200"));
    EXPECT_TRUE(manager->last_decision()->exact);
    const auto second = StartOpenSsl({.version = version, .scheme = kEcdsaSecp384r1Sha384});
    Fetch(*second, {.manager = manager, .with_callbacks = false});
    EXPECT_FALSE(manager->last_decision()->exact);
  }
}

#if SIGNET_BOTAN_3
TEST(ManagerInUse, WithoutTheCallbacksTls13UsesTheSchemesFromBotan) {
  const auto server = StartOpenSsl({.version = 0x0304, .scheme = kEcdsaSecp256r1Sha256, .require = false});
  for (const bool also : {false, true}) {
    std::vector<Identity> identities = {Made("ec:P-384")};
    if (also) identities.push_back(Made("ec:P-256"));
    const auto manager = Managing(std::move(identities));
    EXPECT_THAT(Fetch(*server, {.manager = manager, .with_callbacks = false}), HasSubstr("HTTP/1.0 200"));
    EXPECT_FALSE(manager->last_decision()->exact);
    EXPECT_EQ(bool{manager->last_decision()->choice}, also);
    EXPECT_THAT(manager->last_decision()->Explain(), HasSubstr("test:ec:P-384: not chosen, "));
  }
}
#endif

TEST(ManagerInUse, WithoutTheCallbacksTls12UsesKeyTypesAndAuthorities) {
  const auto server = StartOpenSsl({.scheme = kRsaPssRsaeSha256});
  const auto manager = Managing({Made("rsa:2048")});
  EXPECT_THAT(Fetch(*server, {.manager = manager, .with_callbacks = false}), HasSubstr("HTTP/1.0 200"));
  EXPECT_TRUE(server->Saw("rsa:2048"));
  EXPECT_FALSE(manager->last_decision()->exact);
  EXPECT_EQ(manager->last_decision()->choice.request().protocol_version, 0x0303);
}

// Pkcs1First is a policy that makes Botan use PKCS#1 v1.5 whenever the peer accepts it.
class Pkcs1First : public ChannelPolicy {
 public:
  std::vector<Botan::TLS::Signature_Scheme> allowed_signature_schemes() const override {
    return {SchemeOf(kRsaPkcs1Sha256), SchemeOf(kRsaPssRsaeSha256), SchemeOf(kEcdsaSecp256r1Sha256)};
  }
};

TEST(ManagerInUse, PolicyThatPrefersPkcs1GivesNoRsaCertificateInTls13) {
  const auto policy = std::make_shared<Pkcs1First>();
  for (const std::uint16_t version : kTlsVersions) {
    const auto server = StartOpenSsl(
        {.version = version, .scheme = kRsaPkcs1Sha256, .also = kRsaPssRsaeSha256, .require = false});
    const auto manager = Managing({Made("rsa:2048")}, policy);
    EXPECT_THAT(Fetch(*server, {.manager = manager, .policy = policy}), HasSubstr("HTTP/1.0 200"));
    const std::string why = manager->last_decision()->Explain();
    if (version == 0x0303) {
      EXPECT_THAT(why, HasSubstr("test:rsa:2048: chosen"));
    } else {
      EXPECT_THAT(why, HasSubstr("selects rsa_pkcs1_sha256, which TLS 1.3 does not allow"));
    }
  }
}

}  // namespace
}  // namespace signet::botan

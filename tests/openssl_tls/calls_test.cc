// What a token is asked for one handshake.
#include "openssl_tls/memory_handshake.h"
#include <signet/identity_source.h>
#include <signet/openssl_tls.h>
#include <signet/testing/soft_hsm.h>
#include <signet/testing/wrapped_module.h>

#include <gmock/gmock.h>

namespace signet {
namespace {

using testing::CertificateOptions;
using ::testing::Pair;
using testing::SoftHsm;
using testing::TestPki;
using ::testing::UnorderedElementsAre;
using testing::WrappedModule;

struct Case {
  std::string name;
  std::string version;
  std::string key;
};

class HandshakeCalls : public ::testing::TestWithParam<Case> {};

INSTANTIATE_TEST_SUITE_P(
    Tls, HandshakeCalls,
    ::testing::Values(Case{"EcTls12", "1.2", "ec:P-256"}, Case{"EcTls13", "1.3", "ec:P-256"},
                      Case{"RsaTls12", "1.2", "rsa:2048"}, Case{"RsaTls13", "1.3", "rsa:2048"},
                      Case{"Ed25519Tls12", "1.2", "ed25519"}, Case{"Ed25519Tls13", "1.3", "ed25519"}),
    [](const auto& one) { return one.param.name; });

// So neither the server's signature, nor the chain, nor the session is the token's business: no C_Verify,
// C_CreateObject, C_GetSessionInfo or C_Digest.
TEST_P(HandshakeCalls, AreSignInitAndSignWhetherTheIdentityIsGivenOrSelected) {
  const TestPki pki(CertificateOptions::Ca("Client Root"));
  const TestPki server_pki(CertificateOptions::Ca("Server Root"));
  SoftHsm hsm;
  hsm.Import(pki.Issue({.key = GetParam().key, .common_name = "alice"}), {});
  WrappedModule module(hsm);
  Settings settings;
  settings.modules = {module.path()};
  const IdentitySource source(settings);
  const Identity identity = source.Open(hsm.ObjectUri("\x01", true));
  identity.key()->Unlock();
  const auto server = ServerContext(server_pki.Issue(CertificateOptions::Server()), pki.root());
  SSL_CTX_set_session_cache_mode(server.get(), SSL_SESS_CACHE_OFF);
  for (const bool selected : {false, true}) {
    const auto client = ClientContext(server_pki.root());
    for (SSL_CTX* context : {server.get(), client.get()}) SetVersion(context, GetParam().version);
    if (selected) {
      openssl::UseSelector(client.get(), IdentitySet({identity}));
    } else {
      openssl::UseIdentity(client.get(), identity);
    }
    for (int i = 0; i < 3; ++i) {
      module.Reset();
      MemoryHandshake handshake(client.get(), server.get());
      ASSERT_TRUE(handshake.Run());
      EXPECT_EQ(handshake.ClientSubject(), "alice");
      EXPECT_THAT(module.Counts(), UnorderedElementsAre(Pair("C_SignInit", 1), Pair("C_Sign", 1)))
          << i << selected;
    }
  }
}

}  // namespace
}  // namespace signet

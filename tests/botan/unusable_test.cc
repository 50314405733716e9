// What Botan cannot use, or what breaks while it signs: the handshake continues or ends cleanly, and says
// why.
#include "botan/inspector/probe.h"
#include "botan/keys.h"
#include "botan/servers.h"
#include "botan/site.h"

#include <botan/version.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet::botan {
namespace {

using ::testing::HasSubstr;

HandshakeReport Connect(const Server& server, std::vector<Identity> identities) {
  ProbeOptions options{.host = "localhost", .port = server.port(), .identities = std::move(identities)};
  options.trust_file = Site::Get().trust_file();
  return MakeProbe()->Connect(options).at(0);
}

Identity Made(const testing::CertificateOptions& options) {
  return MakeIdentity(Site::Get().pki().Issue(options), "test:" + options.key);
}

TEST(BotanUnusable, IdentityGivesAnEmptyCertificateAndTheReason) {
  for (const std::uint16_t version : kTlsVersions) {
    for (const char* key : {"ed25519", "rsa-pss:2048", "ec:P-384"}) {
      SCOPED_TRACE(key);
      // P-384 is usable, but not with the one scheme that this server takes.
      const auto server =
          StartOpenSsl({.version = version, .scheme = SignatureScheme::kRsaPssRsaeSha256, .require = false});
      const HandshakeReport report = Connect(*server, {Made({.key = key})});
      EXPECT_FALSE(report.client_certificate.sent);
      ASSERT_TRUE(report.application.has_value());
      EXPECT_THAT(report.application->first_line, HasSubstr("HTTP/1.0 200"));
      ASSERT_EQ(report.considered.size(), 1U);
      EXPECT_FALSE(report.considered[0].chosen);
      ASSERT_FALSE(report.considered[0].reasons.empty());
      EXPECT_FALSE(report.considered[0].reasons[0].empty());
      ASSERT_TRUE(report.failure.has_value());
      EXPECT_THAT(report.failure->what(), HasSubstr("no client certificate was presented"));
      EXPECT_THAT(report.failure->what(), HasSubstr(report.considered[0].reasons[0]));
    }
  }
}

#if BOTAN_VERSION_MAJOR >= 3
TEST(BotanUnusable, CurveWithoutASchemeInTls13GivesAnEmptyCertificateAndTheReason) {
  const auto server =
      StartOpenSsl({.version = 0x0304, .scheme = SignatureScheme::kEcdsaSecp256r1Sha256, .require = false});
  for (const char* key : {"ec:brainpoolP256r1", "ec:secp256k1", "ec:brainpoolP384r1"}) {
    const HandshakeReport report = Connect(*server, {Made({.key = key})});
    EXPECT_FALSE(report.client_certificate.sent);
    ASSERT_TRUE(report.application.has_value()) << key;
    EXPECT_THAT(report.application->first_line, HasSubstr("HTTP/1.0 200"));
    ASSERT_EQ(report.considered.size(), 1U);
    EXPECT_THAT(report.considered[0].reasons,
                ::testing::ElementsAre(HasSubstr("has no signature scheme of TLS 1.3")))
        << key;
  }
}
#endif

// Botan has no curves over binary fields.
TEST(BotanUnusable, RootThatBotanCannotReadDoesNotMatter) {
  testing::CertificateOptions ca = testing::CertificateOptions::Ca("Binary Root");
  ca.key = "ec:sect283r1";
  const testing::TestPki pki(ca);
  const std::string trust = Site::Get().directory().Write("binary.pem", pki.root().CertificatePem());
  for (const std::uint16_t version : kTlsVersions) {
    const auto server = StartOpenSsl(
        {.version = version, .scheme = SignatureScheme::kEcdsaSecp256r1Sha256, .client_ca = trust});
    const HandshakeReport report =
        Connect(*server, {MakeIdentity(pki.Issue({.key = "ec:P-256"}), "test:alice")});
    EXPECT_FALSE(report.failure.has_value()) << report.failure->what() << server->output();
    EXPECT_TRUE(report.client_certificate.sent);
  }
}

#if BOTAN_VERSION_MAJOR >= 3
TEST(BotanUnusable, IntermediateThatBotanCannotReadGivesAnEmptyCertificateAndTheReason) {
  testing::CertificateOptions ca = testing::CertificateOptions::Ca("Binary CA");
  ca.key = "ec:sect283r1";
  const testing::TestIdentity issuing = Site::Get().pki().Issue(ca);
  const Identity alice =
      MakeIdentity(testing::TestPki::IssueFrom(issuing, {.key = "ec:P-256"}), "test:alice");
  const auto server =
      StartOpenSsl({.version = 0x0304, .scheme = SignatureScheme::kEcdsaSecp256r1Sha256, .require = false});
  const HandshakeReport report = Connect(*server, {alice});
  EXPECT_FALSE(report.client_certificate.sent);
  ASSERT_TRUE(report.application.has_value());
  EXPECT_THAT(report.application->first_line, HasSubstr("HTTP/1.0 200"));
  ASSERT_EQ(report.considered.size(), 1U);
  EXPECT_THAT(report.considered[0].reasons,
              ::testing::ElementsAre(HasSubstr("Botan cannot read the certificate of CN=Binary CA")));
}
#endif

TEST(BotanUnusable, CurveWithoutASchemeInTls13IsPresentedInTls12) {
  const auto server = StartOpenSsl(
      {.scheme = SignatureScheme::kEcdsaSecp256r1Sha256, .groups = "P-256:brainpoolP256r1:brainpoolP384r1"});
  for (const char* key : {"ec:brainpoolP256r1", "ec:brainpoolP384r1"}) {
    const HandshakeReport report = Connect(*server, {Made({.key = key})});
    EXPECT_FALSE(report.failure.has_value()) << report.failure->what() << "\n" << server->output();
    EXPECT_TRUE(report.client_certificate.sent);
    EXPECT_EQ(report.certificate_verify.verified, true) << report.certificate_verify.why;
    ASSERT_TRUE(report.application.has_value()) << key;
    EXPECT_THAT(report.application->first_line, HasSubstr("HTTP/1.0 200"));
  }
}

TEST(BotanUnusable, RequiredCertificateThatIsMissingIsTheServersRefusal) {
  for (const std::uint16_t version : kTlsVersions) {
    const auto server = StartOpenSsl({.version = version});
    const HandshakeReport report = Connect(*server, {Made({.key = "ed25519"})});
    EXPECT_FALSE(report.client_certificate.sent);
    ASSERT_TRUE(report.failure.has_value());
    EXPECT_THAT(report.failure->what(),
                HasSubstr("Botan's TLS has no signature scheme for its key, Ed25519"));
  }
}

TEST(BotanUnusable, KeyWithoutTheSchemeThatBotanInsistsOnIsNotPresented) {
  // The token does PKCS#1 only. The server takes it, but Botan's own order puts PSS first.
  const testing::TestIdentity made = Site::Get().pki().Issue({.key = "rsa:2048"});
  const auto server = StartOpenSsl({.scheme = SignatureScheme::kRsaPkcs1Sha256,
                                    .also = SignatureScheme::kRsaPssRsaeSha256,
                                    .require = false});
  const HandshakeReport report = Connect(*server, {WithKey<Pkcs1OnlyKey>(made, "test:token")});
  EXPECT_FALSE(report.client_certificate.sent);
  ASSERT_EQ(report.considered.size(), 1U);
  EXPECT_THAT(
      report.considered[0].reasons,
      ::testing::ElementsAre(HasSubstr("selects rsa_pss_rsae_sha256, which the key does not support")));
  ASSERT_TRUE(report.application.has_value());
  EXPECT_THAT(report.application->first_line, HasSubstr("HTTP/1.0 200"));
}

TEST(BotanUnusable, NextBestIdentityTakesItsPlace) {
  const testing::TestIdentity made = Site::Get().pki().Issue({.key = "rsa:2048"});
  const auto server =
      StartOpenSsl({.scheme = SignatureScheme::kRsaPkcs1Sha256, .also = SignatureScheme::kRsaPssRsaeSha256});
  const HandshakeReport report =
      Connect(*server, {WithKey<Pkcs1OnlyKey>(made, "test:token"), Made({.key = "rsa:2048"})});
  ASSERT_FALSE(report.failure.has_value()) << report.failure->what();
  EXPECT_EQ(report.client_certificate.uri, "test:rsa:2048");
  EXPECT_EQ(report.client_certificate.scheme, "rsa_pss_rsae_sha256");
}

TEST(BotanUnusable, ExactSchemesOfTheRequestDecideInEveryVersion) {
  const testing::TestIdentity made = Site::Get().pki().Issue({.key = "rsa:2048"});
  for (const std::uint16_t version : kTlsVersions) {
    for (const bool both : {false, true}) {
      ServerOptions options{
          .version = version, .scheme = SignatureScheme::kRsaPssRsaeSha512, .require = false};
      if (both) options.also = SignatureScheme::kRsaPssRsaeSha256;
      const auto server = StartOpenSsl(options);
      const HandshakeReport report = Connect(*server, {WithKey<Sha512OnlyKey>(made, "test:token")});
      // Where the server takes SHA-256 as well, Botan insists on that.
      EXPECT_EQ(report.client_certificate.sent, !both);
      ASSERT_TRUE(report.application.has_value());
      EXPECT_THAT(report.application->first_line, HasSubstr("HTTP/1.0 200"));
    }
  }
}

TEST(BotanUnusable, FailedSignatureEndsTheHandshakeWithOurErrorAndAnAlert) {
  const testing::TestIdentity made = Site::Get().pki().Issue({.key = "ec:P-256"});
  for (const std::uint16_t version : kTlsVersions) {
    const auto server = StartOpenSsl({.version = version, .scheme = SignatureScheme::kEcdsaSecp256r1Sha256});
    const HandshakeReport report = Connect(*server, {WithKey<FailingKey>(made, "test:token")});
    ASSERT_TRUE(report.failure.has_value());
    EXPECT_EQ(report.failure->code(), ErrorCode::kTokenAbsent);
    EXPECT_THAT(report.failure->what(), HasSubstr("the token is absent"));
    EXPECT_EQ(report.messages.back().message, "Alert");
    EXPECT_TRUE(server->WaitFor("internal error")) << server->output();
  }
}

TEST(BotanUnusable, UntrustedServerGetsNoCertificate) {
  for (const std::uint16_t version : kTlsVersions) {
    const auto server = StartOpenSsl({.version = version});
    ProbeOptions options{
        .host = "localhost", .port = server->port(), .identities = {Made({.key = "rsa:2048"})}};
    const testing::TestPki other;
    const testing::TemporaryDirectory directory;
    options.trust_file = directory.Write("other.pem", other.root().CertificatePem());
    const HandshakeReport report = MakeProbe()->Connect(options).at(0);
    ASSERT_TRUE(report.failure.has_value());
    EXPECT_EQ(report.failure->code(), ErrorCode::kUntrustedServer) << report.failure->what();
    EXPECT_FALSE(report.server_verified);
    EXPECT_FALSE(report.client_certificate.sent);
  }
}

TEST(BotanUnusable, ServerIsVerifiedByItsAddressToo) {
  const auto server = StartOpenSsl({.require = false});
  ProbeOptions options{.host = "127.0.0.1", .port = server->port()};
  options.trust_file = Site::Get().trust_file();
  const HandshakeReport report = MakeProbe()->Connect(options).at(0);
  EXPECT_TRUE(report.server_verified) << (report.failure ? report.failure->what() : "");
}

}  // namespace
}  // namespace signet::botan

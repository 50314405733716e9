// Botan as a client with identities from every source, against servers of other makes.
#include "botan/probe.h"
#include "botan/servers.h"
#include "botan/site.h"

#include <botan/version.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet::botan {
namespace {

using enum SignatureScheme;

struct SchemeCase {
  SignatureScheme scheme;
  const char* key;
  bool tls13;
};

constexpr SchemeCase kCases[] = {
    {kRsaPssRsaeSha256, "rsa:2048", true},     {kRsaPssRsaeSha384, "rsa:2048", true},
    {kRsaPssRsaeSha512, "rsa:2048", true},     {kRsaPkcs1Sha256, "rsa:2048", false},
    {kRsaPkcs1Sha384, "rsa:2048", false},      {kRsaPkcs1Sha512, "rsa:2048", false},
    {kEcdsaSecp256r1Sha256, "ec:P-256", true}, {kEcdsaSecp384r1Sha384, "ec:P-384", true},
    {kEcdsaSecp521r1Sha512, "ec:P-521", true},
};

// Present makes one handshake and expects that the server, by its own words, knows who came.
void Present(ServerMaker start, const Identity& identity, SignatureScheme scheme, std::uint16_t version) {
  SCOPED_TRACE(std::string(Name(scheme)) + (version == 0x0304 ? " in TLS 1.3" : " in TLS 1.2"));
  const std::unique_ptr<Server> server = start({.version = version, .scheme = scheme});
  ProbeOptions options{.host = "localhost", .port = server->port(), .identities = {identity}};
  options.trust_file = Site::Get().trust_file();
  const HandshakeReport report = MakeProbe()->Connect(options).at(0);
  ASSERT_FALSE(report.failure.has_value()) << report.failure->what() << "\n" << server->output();
  EXPECT_EQ(report.protocol, version == 0x0304 ? "TLSv1.3" : "TLSv1.2");
  EXPECT_TRUE(report.server_verified);
  EXPECT_TRUE(report.client_certificate.sent);
  EXPECT_EQ(report.client_certificate.uri, identity.uri());
  EXPECT_EQ(report.client_certificate.scheme, Name(scheme));
  EXPECT_EQ(report.certificate_verify.verified, true) << report.certificate_verify.why;
  EXPECT_TRUE(server->Saw("alice")) << server->output();
}

// PresentAll does so with every scheme that the version has.
void PresentAll(ServerMaker start, Source source) {
  int tested = 0;
  for (const SchemeCase& row : kCases) {
    const Identity identity = Site::Get().Open(source, row.key);
    Present(start, identity, row.scheme, 0x0303);
    ++tested;
#if BOTAN_VERSION_MAJOR >= 3
    if (row.tls13) Present(start, identity, row.scheme, 0x0304);
#endif
  }
  EXPECT_EQ(tested, 9);
}

TEST(BotanClient, OpenSslServerKnowsAnIdentityFromAFile) { PresentAll(StartOpenSsl, Source::kPkcs12); }
TEST(BotanClient, OpenSslServerKnowsAnIdentityFromAToken) { PresentAll(StartOpenSsl, Source::kSoftHsm); }
TEST(BotanClient, NginxKnowsAnIdentityFromAFile) { PresentAll(StartNginx, Source::kPkcs12); }
TEST(BotanClient, NginxKnowsAnIdentityFromAToken) { PresentAll(StartNginx, Source::kSoftHsm); }
TEST(BotanClient, GnuTlsServerKnowsAnIdentityFromAFile) { PresentAll(StartGnuTls, Source::kPkcs12); }
TEST(BotanClient, GnuTlsServerKnowsAnIdentityFromAToken) { PresentAll(StartGnuTls, Source::kSoftHsm); }

}  // namespace
}  // namespace signet::botan

// Botan as a client with identities from every source, against servers of other makes.
#include "botan/inspector/probe.h"
#include "botan/servers.h"
#include "botan/site.h"
#include "conformance/sources.h"

#include <map>

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

class BotanClient : public ::testing::TestWithParam<conformance::SourceCase> {
 protected:
  // PresentAll logs in with every scheme that the version has.
  void PresentAll(ServerMaker start) {
    int tested = 0;
    for (const SchemeCase& row : kCases) {
      Present(start, row, 0x0303);
      ++tested;
      if (BOTAN_VERSION_MAJOR < 3 || !row.tls13) continue;
      Present(start, row, 0x0304);
      ++tested;
    }
    EXPECT_EQ(tested, BOTAN_VERSION_MAJOR >= 3 ? 15 : 9);
  }

 private:
  // Present makes one handshake and expects that the server reports the client's identity.
  void Present(ServerMaker start, const SchemeCase& row, std::uint16_t version) {
    SCOPED_TRACE(std::string(Name(row.scheme)) + (version == 0x0304 ? " in TLS 1.3" : " in TLS 1.2"));
    const std::unique_ptr<Server> server =
        start({.version = version, .scheme = row.scheme, .client_ca = client_ca_});
    const Identity& identity = Opened(row.key);
    ProbeOptions options{.host = "localhost", .port = server->port(), .identities = {identity}};
    options.trust_file = site_.trust_file();
    const HandshakeReport report = MakeProbe()->Connect(options).at(0);
    ASSERT_FALSE(report.failure.has_value()) << report.failure->what() << "\n" << server->output();
    EXPECT_EQ(report.protocol, version == 0x0304 ? "TLSv1.3" : "TLSv1.2");
    EXPECT_TRUE(report.server_verified);
    EXPECT_TRUE(report.client_certificate.sent);
    EXPECT_EQ(report.client_certificate.uri, identity.uri());
    EXPECT_EQ(report.client_certificate.scheme, Name(row.scheme));
    EXPECT_EQ(report.certificate_verify.verified, true) << report.certificate_verify.why;
    EXPECT_TRUE(server->Saw(row.key)) << server->output();
  }

  const Identity& Opened(const std::string& key) {
    auto found = opened_.find(key);
    if (found == opened_.end()) found = opened_.emplace(key, filled_.Open(key)).first;
    return found->second;
  }

  Site& site_ = Site::Get();  // first: either names a SoftHSM configuration, and the last one counts
  conformance::FilledPlace filled_{GetParam()};
  const std::string client_ca_ =
      site_.directory().Write("clients.pem", filled_.pki().root().CertificatePem());
  std::map<std::string, Identity> opened_;
};

TEST_P(BotanClient, IsKnownToAnOpenSslServer) { PresentAll(StartOpenSsl); }
TEST_P(BotanClient, IsKnownToNginx) { PresentAll(StartNginx); }
TEST_P(BotanClient, IsKnownToAGnuTlsServer) { PresentAll(StartGnuTls); }

INSTANTIATE_TEST_SUITE_P(Sources, BotanClient, ::testing::ValuesIn(conformance::Sources()),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace signet::botan

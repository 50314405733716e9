// Identities of every kind, from files and from a token, log in to servers that others wrote; what counts is
// the subject that the server wrote down.
#include "applications/mutual_tls_server.h"
#include "applications/signet_command.h"
#include <signet/testing/soft_hsm.h>

#include <algorithm>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet {
namespace {

using testing::CertificateOptions;
using testing::SoftHsm;
using testing::TestIdentity;
using testing::TestPki;
using Kind = MutualTlsServer::Kind;

struct KeyRow {
  std::string key;
  std::string name;      // the subject's common name
  std::string scheme12;  // what it signs with; empty: any
  std::string scheme13;
};

const KeyRow kKeys[] = {
    {"rsa:2048", "rsa-user", "", "rsa_pss_rsae_sha256"},
    {"ec:P-256", "p256-user", "", "ecdsa_secp256r1_sha256"},
    {"ec:P-384", "p384-user", "", "ecdsa_secp384r1_sha384"},
    {"ed25519", "ed-user", "ed25519", "ed25519"},
};

struct Case {
  Kind kind;
  std::string tls;
};

class Servers : public ::testing::TestWithParam<Case> {
 protected:
  // Clients have a name of their own for each source, so that the server's words tell them apart.
  TestIdentity Client(const KeyRow& row, const std::string& source) const {
    return pki_.Issue({.key = row.key, .common_name = fmt::format("{}-{}", row.name, source)});
  }

  void LogsIn(MutualTlsServer& server, const std::string& uri, const KeyRow& row, const std::string& source,
              const testing::Environment& environment, std::vector<std::string> more = {}) {
    SCOPED_TRACE(fmt::format("{} from {}", row.key, source));
    std::vector<std::string> arguments = {"handshake",         server.address(), "--trust",
                                          server.trust_file(), "--json",         "--tls",
                                          GetParam().tls,      "--identity",     uri};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const auto result = RunSignet(arguments, environment);
    EXPECT_EQ(result.exit_status, 0) << result.err << server.output();
    const std::string name = fmt::format("{}-{}", row.name, source);
    EXPECT_TRUE(server.SawSubject(name)) << server.output();
    const auto report = JsonOf(result);
    if (!report.contains("protocol")) return;
    EXPECT_EQ(report["protocol"], "TLSv" + GetParam().tls);
    EXPECT_EQ(report["server_verified"], true);
    EXPECT_EQ(report["client_certificate"]["sent"], true);
    EXPECT_EQ(report["client_certificate"]["subject"], "CN=" + name + ",O=Signet Test");
    EXPECT_EQ(report["certificate_verify"]["verified"], true) << report["certificate_verify"];
    EXPECT_EQ(report["certificate_verify"]["scheme"], report["client_certificate"]["scheme"]);
    const std::string& scheme = GetParam().tls == "1.3" ? row.scheme13 : row.scheme12;
    if (!scheme.empty()) {
      EXPECT_EQ(report["client_certificate"]["scheme"], scheme);
    }
  }

  // SClientLogsIn is `openssl s_client` with our provider, configured only with the URI.
  void SClientLogsIn(const std::string& uri, const KeyRow& row, const std::string& source,
                     const testing::Environment& environment) {
    SCOPED_TRACE(fmt::format("{} from {}", row.key, source));
    const auto result =
        testing::RunProgram({.argv = {"openssl",
                                      "s_client",
                                      "-connect",
                                      server_.address(),
                                      "-servername",
                                      "localhost",
                                      "-CAfile",
                                      server_.trust_file(),
                                      "-verify_return_error",
                                      "-provider-path",
                                      SIGNET_PROVIDER_PATH,
                                      "-provider",
                                      "signet",
                                      "-provider",
                                      "default",
                                      "-cert",
                                      uri,
                                      "-key",
                                      uri,
                                      GetParam().tls == "1.2" ? "-tls1_2" : "-tls1_3"},
                             .environment = environment,
                             .unset = {"OPENSSL_CONF"},
                             .input = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
                             .timeout = std::chrono::seconds(60)});
    EXPECT_EQ(result.exit_status, 0) << result.err;
    EXPECT_TRUE(server_.SawSubject(fmt::format("{}-{}", row.name, source))) << server_.output() << result.err;
  }

  TestPki pki_{CertificateOptions::Ca("Client Root")};
  TestPki server_pki_{CertificateOptions::Ca("Server Root")};
  testing::TemporaryDirectory directory_;
  MutualTlsServer server_{GetParam().kind,
                          {.identity = server_pki_.Issue(CertificateOptions::Server()),
                           .trust_pem = pki_.root().RootPem(),
                           .tls = GetParam().tls}};
};

TEST_P(Servers, EveryKeyFromAFileArrives) {
  for (const KeyRow& row : kKeys) {
    const TestIdentity client = Client(row, "file");
    const std::string file = directory_.Write(row.name + ".p12", testing::MakePkcs12(client));
    LogsIn(server_, "pkcs12:" + file + "?pin-value=secret", row, "file", {});
  }
}

TEST_P(Servers, EveryKeyInATokenArrives) {
  SoftHsm hsm;
  for (const KeyRow& row : kKeys) {
    const TestIdentity client = Client(row, "token");
    hsm.Import(client, {.id = row.name, .label = row.name});
    LogsIn(server_, hsm.ObjectUri(row.name, true), row, "token", hsm.environment(),
           {"--module", SoftHsm::module_path()});
  }
}

TEST_P(Servers, EveryKeyFromAFileArrivesFromOpensslWithOurProvider) {
  for (const KeyRow& row : kKeys) {
    const TestIdentity client = Client(row, "provider-file");
    const std::string file = directory_.Write(row.name + ".p12", testing::MakePkcs12(client));
    SClientLogsIn("pkcs12:" + file + "?pin-value=secret", row, "provider-file", {});
  }
}

TEST_P(Servers, EveryKeyInATokenArrivesFromOpensslWithOurProvider) {
  SoftHsm hsm;
  testing::Environment environment = hsm.environment();
  environment["PKCS11_PROVIDER_MODULE"] = SoftHsm::module_path();
  for (const KeyRow& row : kKeys) {
    const TestIdentity client = Client(row, "provider-token");
    hsm.Import(client, {.id = row.name, .label = row.name});
    SClientLogsIn(hsm.ObjectUri(row.name, true), row, "provider-token", environment);
  }
}

// What needs OpenSSL 3.5 on both sides: the server's own libssl must know the scheme.
TEST_P(Servers, MlDsaKeyFromAFileArrivesWhereOpenSslHasIt) {
  if (GetParam().kind == Kind::kGnuTls) return;
  for (const std::string key : {"ml-dsa-44", "ml-dsa-65", "ml-dsa-87"}) {
    if (!TestPki::HasKeyType(key)) continue;
    std::string scheme = key;
    scheme.erase(std::ranges::remove(scheme, '-').begin(), scheme.end());
    const KeyRow row{key, key + "-user", scheme, scheme};
    const std::string file = directory_.Write(key + ".p12", testing::MakePkcs12(Client(row, "file")));
    const std::string uri = "pkcs12:" + file + "?pin-value=secret";
    if (GetParam().tls == "1.3") {
      LogsIn(server_, uri, row, "file", {});
      const TestIdentity other = Client(row, "provider-file");
      SClientLogsIn(
          "pkcs12:" + directory_.Write(key + "-too.p12", testing::MakePkcs12(other)) + "?pin-value=secret",
          row, "provider-file", {});
      continue;
    }
    // TLS 1.2 has no such scheme.
    const auto result =
        RunSignet({"handshake", server_.address(), "--trust", server_.trust_file(), "--identity", uri});
    EXPECT_EQ(result.exit_status, 1);
    EXPECT_THAT(result.err, ::testing::HasSubstr("TLS 1.2 has no signature scheme for its key"));
  }
}

INSTANTIATE_TEST_SUITE_P(Real, Servers,
                         ::testing::Values(Case{Kind::kOpenSsl, "1.2"}, Case{Kind::kOpenSsl, "1.3"},
                                           Case{Kind::kNginx, "1.2"}, Case{Kind::kNginx, "1.3"},
                                           Case{Kind::kGnuTls, "1.2"}, Case{Kind::kGnuTls, "1.3"}),
                         [](const auto& row) {
                           return NameOf(row.param.kind) + (row.param.tls == "1.2" ? "Tls12" : "Tls13");
                         });

}  // namespace
}  // namespace signet

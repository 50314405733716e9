// What other programs print when client authentication fails, made with real ones, and explained.
#include "applications/mutual_tls_server.h"
#include "applications/signet_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet {
namespace {

using ::testing::AllOf;
using testing::CertificateOptions;
using ::testing::HasSubstr;
using testing::TestIdentity;
using testing::TestPki;
using Kind = MutualTlsServer::Kind;

class RealSymptom : public ::testing::TestWithParam<const char*> {
 protected:
  MutualTlsServer Server(Kind kind) const {
    return MutualTlsServer(kind, {.identity = server_pki_.Issue(CertificateOptions::Server()),
                                  .trust_pem = pki_.root().RootPem(),
                                  .tls = GetParam()});
  }

  // Printed is what `openssl s_client` says, with a client's certificate or without.
  std::string Printed(const MutualTlsServer& server, const TestIdentity* client = nullptr) const {
    std::vector<std::string> argv = {"openssl", "s_client",          "-connect", server.address(),
                                     "-CAfile", server.trust_file(), "-ign_eof"};
    if (client != nullptr) {
      argv.insert(argv.end(), {"-cert", directory_.Write("client.pem", client->CertificatePem()), "-key",
                               directory_.Write("client.key", client->PrivateKeyPem())});
    }
    const auto result = testing::RunProgram({.argv = argv, .input = "GET / HTTP/1.0\r\n\r\n"});
    return result.out + result.err;
  }

  // Explained gives what `signet doctor --symptom` says about it, from the command line and from standard
  // input.
  std::string Explained(const std::string& printed) const {
    const auto result = RunSignet({"doctor", "--symptom", printed});
    EXPECT_EQ(result.exit_status, 0) << printed;
    const auto piped =
        testing::RunProgram({.argv = {SIGNET_COMMAND, "doctor", "--symptom", "-"}, .input = printed});
    EXPECT_EQ(piped.out, result.out);
    return result.out;
  }

  TestPki pki_{CertificateOptions::Ca("Known Root")};
  TestPki server_pki_{CertificateOptions::Ca("Server Root")};
  testing::TemporaryDirectory directory_;
};

TEST_P(RealSymptom, NginxsPage) {
  const auto server = Server(Kind::kNginx);
  const std::string printed = Printed(server);
  ASSERT_THAT(printed, HasSubstr("No required SSL certificate was sent"));
  EXPECT_THAT(Explained(printed), AllOf(HasSubstr("no identity was configured or loaded in this program"),
                                        HasSubstr("signet handshake HOST:PORT")));
}

TEST_P(RealSymptom, NothingWasSent) {
  const auto server = Server(Kind::kOpenSsl);
  const bool tls13 = GetParam() == std::string("1.3");
  const std::string printed = Printed(server);
  ASSERT_THAT(printed, HasSubstr(tls13 ? "alert certificate required" : "alert handshake failure"));
  EXPECT_THAT(Explained(printed),
              AllOf(HasSubstr("client certificate"), HasSubstr("signet handshake HOST:PORT --identity URI")));
}

TEST_P(RealSymptom, UnknownCa) {
  const auto server = Server(Kind::kOpenSsl);
  const TestIdentity stranger = TestPki(CertificateOptions::Ca("Strange Root")).Issue({});
  const std::string printed = Printed(server, &stranger);
  ASSERT_THAT(printed, HasSubstr("alert unknown ca"));
  EXPECT_THAT(Explained(printed),
              AllOf(HasSubstr("does not know the CA"), HasSubstr("missing intermediate")));
}

TEST_P(RealSymptom, UnsupportedCertificate) {
  const auto server = Server(Kind::kOpenSsl);
  const TestIdentity client = pki_.Issue({.extended_key_usage = "serverAuth"});
  const std::string printed = Printed(server, &client);
  ASSERT_THAT(printed, HasSubstr("alert unsupported certificate"));
  EXPECT_THAT(Explained(printed), AllOf(HasSubstr("lacks clientAuth"), HasSubstr("signet show URI")));
}

TEST_P(RealSymptom, Expired) {
  const auto server = Server(Kind::kOpenSsl);
  const TestIdentity client = pki_.Issue(CertificateOptions{}.Expired());
  const std::string printed = Printed(server, &client);
  ASSERT_THAT(printed, HasSubstr("alert certificate expired"));
  EXPECT_THAT(Explained(printed), AllOf(HasSubstr("expired"), HasSubstr("clocks of both machines")));
}

TEST_P(RealSymptom, KeyOfAnotherCertificate) {
  const auto server = Server(Kind::kOpenSsl);
  TestIdentity client = pki_.Issue({});
  client.private_key = pki_.Issue({}).private_key;
  const std::string printed = Printed(server, &client);
  ASSERT_THAT(printed, HasSubstr("key values mismatch"));
  EXPECT_THAT(Explained(printed),
              AllOf(HasSubstr("does not belong to the certificate"), HasSubstr("signet list")));
}

INSTANTIATE_TEST_SUITE_P(Tls, RealSymptom, ::testing::Values("1.2", "1.3"),
                         [](const auto& row) { return row.param == std::string("1.2") ? "Tls12" : "Tls13"; });

}  // namespace
}  // namespace signet

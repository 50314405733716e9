// The questions that people ask when client authentication fails, each made with a real server: the command's
// error names the cause and the hint.
#include "applications/mutual_tls_server.h"
#include "applications/signet_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using testing::CertificateOptions;
using ::testing::HasSubstr;
using testing::TestIdentity;
using testing::TestPki;
using Kind = MutualTlsServer::Kind;
using Clock = std::chrono::system_clock;

class HandshakeFailures : public ::testing::TestWithParam<const char*> {
 protected:
  // Complaint runs a handshake that must fail, and gives its error.
  nlohmann::json Complaint(MutualTlsServer& server, const std::vector<std::string>& uris,
                           bool pinned = false) {
    std::vector<std::string> arguments = {"handshake", server.address(), "--trust", server.trust_file(),
                                          "--json"};
    for (const std::string& uri : uris) arguments.insert(arguments.end(), {"--identity", uri});
    if (pinned) arguments.emplace_back("--pinned");
    const auto result = RunSignet(arguments);
    EXPECT_EQ(result.exit_status, 1) << result.out;
    const auto report = JsonOf(result);
    const auto error = report.value("error", nlohmann::json());
    if (!error.is_object()) {
      ADD_FAILURE() << "no error: " << result.out << result.err;
      return {{"detail", ""}, {"hint", ""}};
    }
    EXPECT_THAT(result.err, HasSubstr(error["detail"].get<std::string>()));
    EXPECT_THAT(result.err, HasSubstr(error["hint"].get<std::string>()));
    return error;
  }

  std::string File(const std::string& name, const TestIdentity& identity, bool with_issuers = true) {
    const auto file = testing::MakePkcs12(identity, {.with_issuers = with_issuers});
    return "pkcs12:" + directory_.Write(name + ".p12", file) + "?pin-value=secret";
  }

  MutualTlsServer Server(Kind kind) {
    return MutualTlsServer(kind, {.identity = server_pki_.Issue(CertificateOptions::Server()),
                                  .trust_pem = pki_.root().RootPem(),
                                  .tls = GetParam()});
  }

  TestPki pki_{CertificateOptions::Ca("Known Root")};
  TestPki stranger_{CertificateOptions::Ca("Strange Root")};
  TestPki server_pki_{CertificateOptions::Ca("Server Root")};
  testing::TemporaryDirectory directory_;
};

TEST_P(HandshakeFailures, NginxGotNoCertificate) {
  auto server = Server(Kind::kNginx);
  const auto error = Complaint(server, {});
  EXPECT_THAT(error["detail"], HasSubstr("none was sent: no identity was given"));
  EXPECT_THAT(error["hint"], HasSubstr("--identity"));
}

TEST_P(HandshakeFailures, NoCertificateBecauseTheServerAcceptsOtherAuthorities) {
  for (const Kind kind : {Kind::kOpenSsl, Kind::kNginx, Kind::kGnuTls}) {
    SCOPED_TRACE(NameOf(kind));
    auto server = Server(kind);
    const auto error = Complaint(server, {File("strange", stranger_.Issue({}))});
    EXPECT_THAT(error["detail"], AllOf(HasSubstr("no client certificate was sent"),
                                       HasSubstr("accepts only certificates from \"CN=Known Root"),
                                       HasSubstr("this one is from \"CN=Strange Root")));
    EXPECT_THAT(error["hint"], HasSubstr("one of these authorities issued"));
  }
}

TEST_P(HandshakeFailures, NoCertificateBecauseAnIntermediateIsMissing) {
  auto server = Server(Kind::kOpenSsl);
  const TestIdentity client = TestPki::IssueFrom(pki_.Intermediate("Middle"), {});
  const auto error = Complaint(server, {File("short", client, false)});
  EXPECT_THAT(error["detail"], HasSubstr("certificate of the issuer CN=Middle"));
  EXPECT_THAT(error["hint"], HasSubstr("missing certificate to the identity"));
}

TEST_P(HandshakeFailures, UnknownCaAsTheIntermediateWasNotSent) {
  auto server = Server(Kind::kOpenSsl);
  const TestIdentity client = TestPki::IssueFrom(pki_.Intermediate("Middle"), {});
  const auto error = Complaint(server, {File("short", client, false)}, true);
  EXPECT_THAT(error["detail"], AllOf(HasSubstr("alert unknown_ca"), HasSubstr("CN=Middle")));
  EXPECT_THAT(error["hint"], HasSubstr("missing certificate to the identity"));
}

TEST_P(HandshakeFailures, UnknownCaAsOurIssuerIsNotInTheServersList) {
  auto server = Server(Kind::kOpenSsl);
  const auto error = Complaint(server, {File("strange", stranger_.Issue({}))}, true);
  EXPECT_THAT(error["detail"],
              AllOf(HasSubstr("alert unknown_ca"), HasSubstr("this one is from \"CN=Strange Root")));
  EXPECT_THAT(error["hint"], HasSubstr("authorities"));
}

TEST_P(HandshakeFailures, ExtendedKeyUsageLacksClientAuth) {
  auto server = Server(Kind::kOpenSsl);
  const std::string uri = File("server-only", pki_.Issue({.extended_key_usage = "serverAuth"}));
  const auto unsent = Complaint(server, {uri});
  EXPECT_THAT(unsent["detail"], HasSubstr("its extended key usage lacks clientAuth"));
  const auto refused = Complaint(server, {uri}, true);
  EXPECT_THAT(refused["detail"],
              AllOf(HasSubstr("the server "), HasSubstr("its extended key usage lacks clientAuth")));
  EXPECT_THAT(refused["hint"], HasSubstr("extended key usage has clientAuth"));
}

TEST_P(HandshakeFailures, KeyUsageLacksDigitalSignature) {
  auto server = Server(Kind::kOpenSsl);
  const std::string uri = File("cipher-only", pki_.Issue({.key_usage = "critical,keyAgreement"}));
  const auto unsent = Complaint(server, {uri});
  EXPECT_THAT(unsent["detail"], HasSubstr("its key usage lacks digitalSignature"));
  EXPECT_THAT(unsent["hint"], HasSubstr("key usage has digitalSignature"));
}

TEST_P(HandshakeFailures, ExpiredAndNotYetValid) {
  auto server = Server(Kind::kOpenSsl);
  const std::string expired = File("expired", pki_.Issue(CertificateOptions{}.Expired()));
  EXPECT_THAT(Complaint(server, {expired})["detail"],
              AllOf(HasSubstr("expired on"), HasSubstr("this computer's clock")));
  const auto refused = Complaint(server, {expired}, true);
  EXPECT_THAT(refused["detail"], AllOf(HasSubstr("alert certificate_expired"), HasSubstr("expired on")));
  EXPECT_THAT(refused["hint"], AllOf(HasSubstr("Renew"), HasSubstr("clock")));
  const std::string early = File("early", pki_.Issue(CertificateOptions{}.NotYetValid()));
  EXPECT_THAT(Complaint(server, {early})["detail"], HasSubstr("not valid before"));
  EXPECT_THAT(Complaint(server, {early})["hint"], HasSubstr("clock"));
}

TEST_P(HandshakeFailures, ExpiredIntermediateIsNamedThoughTheLeafIsValid) {
  auto server = Server(Kind::kOpenSsl);
  const TestIdentity middle = TestPki::IssueFrom(pki_.root(), CertificateOptions::Ca("Old Middle").Expired());
  const auto error = Complaint(server, {File("old", TestPki::IssueFrom(middle, {}))});
  EXPECT_THAT(error["detail"],
              AllOf(HasSubstr("alert certificate_expired"), HasSubstr("issuer CN=Old Middle")));
  EXPECT_THAT(error["hint"], HasSubstr("chain-file"));
}

TEST_P(HandshakeFailures, OfSeveralIdentitiesTheNearestMissIsExplained) {
  auto server = Server(Kind::kOpenSsl);
  const auto error =
      Complaint(server, {File("strange", stranger_.Issue({})),
                         File("expired", pki_.Issue(CertificateOptions{.common_name = "late"}.Expired()))});
  EXPECT_THAT(error["detail"], AllOf(HasSubstr("CN=late"), HasSubstr("expired")));
}

TEST_P(HandshakeFailures, SchemesThatTheServerAcceptsAreNamed) {
  MutualTlsServer server(Kind::kOpenSsl, {.identity = server_pki_.Issue(CertificateOptions::Server()),
                                          .trust_pem = pki_.root().RootPem(),
                                          .tls = GetParam(),
                                          .extra = {"-client_sigalgs", "ECDSA+SHA256"}});
  const auto error = Complaint(server, {File("rsa", pki_.Issue({.key = "rsa:2048"}))});
  EXPECT_THAT(error["detail"], HasSubstr("it accepts ecdsa_secp256r1_sha256"));
  EXPECT_THAT(error["hint"], HasSubstr("another type of key"));
}

INSTANTIATE_TEST_SUITE_P(Tls, HandshakeFailures, ::testing::Values("1.2", "1.3"),
                         [](const auto& row) { return row.param == std::string("1.2") ? "Tls12" : "Tls13"; });

}  // namespace
}  // namespace signet

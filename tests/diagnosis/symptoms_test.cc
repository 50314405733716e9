// What other programs print when client authentication fails, made with real ones, and explained.
#include "applications/mutual_tls_server.h"
#include "applications/signet_command.h"
#include "diagnosis/explanation.h"

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

// Each with a client that brings nothing, and with a stranger's certificate.
TEST_P(RealSymptom, CurlsPythonsAndGnuTlss) {
  const auto server = Server(Kind::kOpenSsl);
  const TestIdentity stranger = TestPki(CertificateOptions::Ca("Strange Root")).Issue({});
  const std::string certificate = directory_.Write("stranger.pem", stranger.CertificatePem());
  const std::string key = directory_.Write("stranger.key", stranger.PrivateKeyPem());
  const std::string port = std::to_string(server.port());
  const std::string url = "https://localhost:" + port + "/";
  const std::string python =
      "import ssl,sys,urllib.request\n"
      "c=ssl.create_default_context(cafile=sys.argv[2])\n"
      "if len(sys.argv)>3: c.load_cert_chain(sys.argv[3],sys.argv[4])\n"
      "urllib.request.urlopen(sys.argv[1],context=c).read()\n";
  using Argv = std::vector<std::string>;
  const std::pair<Argv, Argv> programs[] = {
      {{"curl", "-sS", "--cacert", server.trust_file(), url}, {"--cert", certificate, "--key", key}},
      {{"/usr/bin/python3", "-c", python, url, server.trust_file()}, {certificate, key}},
      {{"gnutls-cli", "--x509cafile=" + server.trust_file(), "-p", port, "localhost"},
       {"--x509certfile=" + certificate, "--x509keyfile=" + key}}};
  for (const auto& [argv, more] : programs) {
    SCOPED_TRACE(argv.front());
    const auto none = testing::RunProgram({.argv = argv, .input = "GET / HTTP/1.0\r\n\r\n"});
    EXPECT_THAT(Explained(none.out + none.err), HasSubstr("client certificate and"));
    Argv with = argv;
    with.insert(with.end(), more.begin(), more.end());
    const auto refused = testing::RunProgram({.argv = with, .input = "GET / HTTP/1.0\r\n\r\n"});
    EXPECT_THAT(Explained(refused.out + refused.err), HasSubstr("does not know the CA"));
  }
}

INSTANTIATE_TEST_SUITE_P(Tls, RealSymptom, ::testing::Values("1.2", "1.3"),
                         [](const auto& row) { return row.param == std::string("1.2") ? "Tls12" : "Tls13"; });

// Quoted texts come from issue threads and documentation: the programs are not installed where the tests run.
// Captured ones were printed by the program itself, on Debian 12.
TEST(Symptoms, LinesThatProgramsPrint) {
  enum From { kCaptured, kQuoted };
  struct Row {
    From from;
    const char* program;
    const char* line;
    const char* cause;  // found in it
  };
  const Row rows[] = {
      {kCaptured, "curl", "curl: (35) error:0A000410:SSL routines::sslv3 alert handshake failure",
       "in TLS 1.2"},
      {kCaptured, "curl", "curl: (56) error:0A00045C:SSL routines::tlsv13 alert certificate required",
       "none was"},
      {kCaptured, "curl", "curl: (58) unable to set private key file: 'a.key' type PEM", "could not load"},
      {kCaptured, "curl", "curl: (60) SSL certificate problem: self-signed certificate in certificate chain",
       "the server's certificate"},
      {kCaptured, "Python", "ssl.SSLError: [X509: KEY_VALUES_MISMATCH] key values mismatch (_ssl.c:3895)",
       "does not belong"},
      {kCaptured, "Python", "ssl.SSLError: [SSL] PEM lib (_ssl.c:3874)", "could not load"},
      {kCaptured, "Python", "[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert certificate required",
       "none was sent"},
      {kCaptured, "gnutls-cli", "*** Received alert [116]: Certificate is required", "none was sent"},
      {kCaptured, "gnutls-cli", "*** Received alert [40]: Handshake failed", "in TLS 1.2"},
      {kCaptured, "gnutls-cli", "*** Received alert [48]: CA is unknown", "does not know the CA"},
      {kCaptured, "gnutls-cli", "- Status: The certificate is NOT trusted. The issuer is unknown.",
       "the server's certificate"},
      {kCaptured, "nginx", "client sent no required SSL certificate while reading client request headers",
       "none was sent"},
      {kCaptured, "nginx", "client SSL certificate verify error: (18:self-signed certificate) while reading",
       "did not pass"},
      {kCaptured, "nginx",
       "SSL_do_handshake() failed (SSL: error:0A000418:SSL routines::tlsv1 alert unknown ca",
       "does not know the CA"},
      {kCaptured, "nginx", "failed (SSL: error:05800074:x509 certificate routines::key values mismatch)",
       "does not belong"},
      {kCaptured, "openssl s_server",
       "SSL routines:tls_process_client_certificate:peer did not return a "
       "certificate",
       "none was sent"},
      {kQuoted, "Java", "SSLHandshakeException: Received fatal alert: certificate_required", "none was sent"},
      {kQuoted, "Java", "SSLHandshakeException: Received fatal alert: handshake_failure", "in TLS 1.2"},
      {kQuoted, "Java", "SSLHandshakeException: Received fatal alert: unknown_ca", "does not know the CA"},
      {kQuoted, "Java", "SSLHandshakeException: Received fatal alert: bad_certificate", "or got none"},
      {kQuoted, "Java", "SSLHandshakeException: Received fatal alert: certificate_unknown", "did not pass"},
      {kQuoted, "Java", "javax.net.ssl.SSLHandshakeException: null cert chain", "none was sent"},
      {kQuoted, "Java", "javax.net.ssl.SSLHandshakeException: Empty client certificate chain",
       "none was sent"},
      {kQuoted, "Java", "ValidatorException: PKIX path building failed", "trust store"},
      {kQuoted, "Chrome", "ERR_BAD_SSL_CLIENT_AUTH_CERT", "refused the client certificate"},
      {kQuoted, "Chrome", "net::ERR_SSL_CLIENT_AUTH_CERT_NEEDED", "none was sent"},
      {kQuoted, "Firefox", "Error code: SSL_ERROR_HANDSHAKE_FAILURE_ALERT", "in TLS 1.2"},
      {kQuoted, "Firefox", "Error code: SSL_ERROR_RX_CERTIFICATE_REQUIRED_ALERT", "none was sent"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.program);
    const auto explanation = ExplainSymptom(row.line);
    ASSERT_TRUE(explanation) << row.line;
    EXPECT_THAT(explanation->cause, HasSubstr(row.cause)) << row.line;
  }
}

}  // namespace
}  // namespace signet

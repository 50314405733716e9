// GnuTLS as a client and as a server against other makes; each checks the client at the other side, and its
// scheme.
#include "applications/mutual_tls_server.h"
#include "gnutls/inspector/probe.h"
#include "inspector/socket.h"
#include "openssl_tls/inspector/probe.h"
#include "pkcs12/file_key.h"
#ifdef SIGNET_HAS_BOTAN
#include "botan/inspector/channel.h"
#include "botan/inspector/probe.h"
#endif
#include <signet/testing/temporary_directory.h>
#include <signet/testing/test_pki.h>

#include <future>
#include <ostream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet::gnutls {
namespace {

using testing::CertificateOptions;
using ::testing::HasSubstr;
using testing::TestIdentity;
using testing::TestPki;

struct Row {
  const char* key;
  const char* scheme;  // IANA name
  const char* sigalg;  // OpenSSL's
  bool tls12 = true;
  bool tls13 = true;
  bool botan = true;  // Botan's TLS takes it
};

constexpr Row kRows[] = {
    {"rsa:2048", "rsa_pkcs1_sha256", "RSA+SHA256", true, false},
    {"rsa:2048", "rsa_pkcs1_sha384", "RSA+SHA384", true, false},
    {"rsa:2048", "rsa_pkcs1_sha512", "RSA+SHA512", true, false},
    {"rsa:2048", "rsa_pss_rsae_sha256", "rsa_pss_rsae_sha256"},
    {"rsa:2048", "rsa_pss_rsae_sha384", "rsa_pss_rsae_sha384"},
    {"rsa:2048", "rsa_pss_rsae_sha512", "rsa_pss_rsae_sha512"},
    {"rsa-pss:2048", "rsa_pss_pss_sha256", "rsa_pss_pss_sha256", true, true, false},
    {"ec:P-256", "ecdsa_secp256r1_sha256", "ECDSA+SHA256"},
    {"ec:P-384", "ecdsa_secp384r1_sha384", "ECDSA+SHA384"},
    {"ec:P-521", "ecdsa_secp521r1_sha512", "ECDSA+SHA512"},
    {"ed25519", "ed25519", "ed25519", true, true, false},
    {"ed448", "ed448", "ed448", true, true, false},
};
void PrintTo(const Row& row, std::ostream* out) { *out << row.scheme; }

std::vector<std::string> VersionsOf(const Row& row) {
  std::vector<std::string> versions;
  if (row.tls12) versions.emplace_back("1.2");
  if (row.tls13) versions.emplace_back("1.3");
  return versions;
}

std::uint16_t Number(const std::string& version) { return version == "1.3" ? 0x0304 : 0x0303; }

Identity FromMade(const TestIdentity& made) {
  return Identity::Make(CertificateChain(made.certificate, made.issuers),
                          FileKey::FromPkcs8(made.private_key), Identity::Source::kPkcs12, "test:made");
}

class Peers : public ::testing::TestWithParam<Row> {
 protected:
  HandshakeReport Connect(Probe& by, std::uint16_t port, const std::vector<Identity>& identities,
                          const std::string& version) const {
    ProbeOptions options{.host = "localhost", .port = port, .identities = identities};
    options.trust_file = trust;
    options.protocol_version = Number(version);
    return by.Connect(options).at(0);
  }

  // Served returns the visitor of `acceptor`, and the report of `visit`.
  template <class Visit>
  std::pair<Visitor, HandshakeReport> Served(Acceptor& acceptor, const Visit& visit) const {
    const Socket listener = Socket::Listen("127.0.0.1", 0);
    std::future<Visitor> visitor = std::async(std::launch::async, [&] {
      const Socket socket = listener.Accept(std::chrono::seconds(20));
      return acceptor.Accept(socket.get());
    });
    const HandshakeReport report = visit(listener.port());
    return {visitor.get(), report};
  }

  void ExpectKnown(const HandshakeReport& report, const std::string& version, bool scheme = true) const {
    EXPECT_FALSE(report.failure.has_value()) << report.failure->what();
    EXPECT_EQ(report.protocol, "TLSv" + version);
    EXPECT_TRUE(report.server_verified);
    EXPECT_TRUE(report.client_certificate.sent);
    if (scheme) {
      EXPECT_EQ(report.client_certificate.scheme, GetParam().scheme);
    }
    EXPECT_EQ(report.certificate_verify.verified, true) << report.certificate_verify.why;
    for (const HandshakeMessage& message : report.messages) {
      if (message.direction != Direction::kSent || message.message != "Certificate") continue;
      EXPECT_THAT(message.details, ::testing::ElementsAre(HasSubstr("CN=alice"))) << "and no root";
    }
  }

  const TestPki pki;
  const testing::TemporaryDirectory directory;
  const std::string trust = directory.Write("ca.pem", pki.root().CertificatePem());
  const TestIdentity alice = pki.Issue({.key = GetParam().key, .common_name = "alice"});
  const TestIdentity server = pki.Issue(CertificateOptions::Server());
  const std::unique_ptr<Probe> probe = MakeProbe();
};

TEST_P(Peers, OpenSslServersKnowNamedClient) {
  for (const std::string& version : VersionsOf(GetParam())) {
    MutualTlsServer peer(MutualTlsServer::Kind::kOpenSsl, {.identity = server,
                                                           .trust_pem = pki.root().RootPem(),
                                                           .tls = version,
                                                           .extra = {"-client_sigalgs", GetParam().sigalg}});
    ExpectKnown(Connect(*probe, peer.port(), {FromMade(alice)}, version), version);
    EXPECT_TRUE(peer.SawSubject("alice")) << peer.output();
  }
}

TEST_P(Peers, NginxKnowsNamedClient) {
  for (const std::string& version : VersionsOf(GetParam())) {
    MutualTlsServer peer(
        MutualTlsServer::Kind::kNginx,
        {.identity = server,
         .trust_pem = pki.root().RootPem(),
         .tls = version,
         .extra = {fmt::format("ssl_conf_command ClientSignatureAlgorithms {};", GetParam().sigalg)}});
    ExpectKnown(Connect(*probe, peer.port(), {FromMade(alice)}, version), version);
    EXPECT_TRUE(peer.SawSubject("alice")) << peer.output();
  }
}

TEST_P(Peers, GnuTlsServersKnowNamedClient) {
  for (const std::string& version : VersionsOf(GetParam())) {
    MutualTlsServer peer(MutualTlsServer::Kind::kGnuTls,
                         {.identity = server, .trust_pem = pki.root().RootPem(), .tls = version});
    ExpectKnown(Connect(*probe, peer.port(), {FromMade(alice)}, version), version, false);
    EXPECT_TRUE(peer.SawSubject("alice")) << peer.output();
  }
}

#ifdef SIGNET_HAS_BOTAN
// BotanVersionsOf leaves out what this Botan does not have; empty for keys that its TLS does not know.
std::vector<std::string> BotanVersionsOf(const Row& row) {
  std::vector<std::string> versions = VersionsOf(row);
  std::erase_if(versions, [&](const std::string& version) {
    return !row.botan || (version == "1.3" && !botan::kHasTls13);
  });
  return versions;
}

TEST_P(Peers, BotanServersKnowNamedClient) {
  const auto acceptor = botan::MakeAcceptor({.identity = FromMade(server), .trust_file = trust});
  for (const std::string& version : BotanVersionsOf(GetParam())) {
    const auto [visitor, report] = Served(
        *acceptor, [&](std::uint16_t port) { return Connect(*probe, port, {FromMade(alice)}, version); });
    ExpectKnown(report, version, false);
    EXPECT_THAT(visitor.subject, HasSubstr("CN=alice"));
  }
}

TEST_P(Peers, BotanClientsAreKnownToOurServer) {
  const auto acceptor = MakeAcceptor({.identity = FromMade(server), .trust_file = trust});
  const auto peer = botan::MakeProbe();
  for (const std::string& version : BotanVersionsOf(GetParam())) {
    const auto [visitor, report] = Served(
        *acceptor, [&](std::uint16_t port) { return Connect(*peer, port, {FromMade(alice)}, version); });
    ExpectKnown(report, version, false);
    EXPECT_THAT(visitor.subject, HasSubstr("CN=alice"));
  }
}
#endif

// The server's own key is of the kind; the client's is what the server asks for.
TEST_P(Peers, OpenSslClientsVerifyOurServerAndAreKnownToIt) {
  CertificateOptions options = CertificateOptions::Server();
  options.key = GetParam().key;
  const auto acceptor = MakeAcceptor({.identity = FromMade(pki.Issue(options)), .trust_file = trust});
  const auto peer = openssl::MakeProbe();
  for (const std::string& version : VersionsOf(GetParam())) {
    const auto [visitor, report] = Served(
        *acceptor, [&](std::uint16_t port) { return Connect(*peer, port, {FromMade(alice)}, version); });
    EXPECT_FALSE(visitor.failure.has_value()) << visitor.failure->what();
    ExpectKnown(report, version, false);
    EXPECT_THAT(visitor.subject, HasSubstr("CN=alice"));
    EXPECT_EQ(visitor.scheme, report.client_certificate.scheme);
    EXPECT_EQ(visitor.protocol, "TLSv" + version);
  }
}

INSTANTIATE_TEST_SUITE_P(Schemes, Peers, ::testing::ValuesIn(kRows),
                         [](const auto& row) { return row.param.scheme; });

// Failing is one client with a kind of key that every stack takes.
class Failing : public Peers {};

TEST_P(Failing, AClientWithoutACertificateIsRefusedByOurServerWithTheCause) {
  const auto acceptor = MakeAcceptor({.identity = FromMade(server), .trust_file = trust});
  for (const std::string version : {"1.2", "1.3"}) {
    const auto [visitor, report] = Served(
        *acceptor, [&](std::uint16_t port) { return Connect(*openssl::MakeProbe(), port, {}, version); });
    ASSERT_TRUE(visitor.failure.has_value()) << version;
    EXPECT_THAT(visitor.failure->detail(), HasSubstr("the client presented no certificate")) << version;
    EXPECT_TRUE(report.failure.has_value());
  }
}

TEST_P(Failing, AClientOfAnUnknownCaIsRefusedByOurServerWithTheCause) {
  const auto acceptor = MakeAcceptor({.identity = FromMade(server), .trust_file = trust});
  const TestPki stranger(CertificateOptions::Ca("Strange Root"));
  ProbeOptions options{.host = "localhost", .identities = {FromMade(stranger.Issue({}))}, .pinned = true};
  options.trust_file = trust;
  for (const std::uint16_t version : {0x0303, 0x0304}) {
    options.protocol_version = version;
    const auto [visitor, report] = Served(*acceptor, [&](std::uint16_t port) {
      options.port = port;
      return openssl::MakeProbe()->Connect(options).at(0);
    });
    ASSERT_TRUE(visitor.failure.has_value());
    EXPECT_THAT(visitor.failure->detail(),
                HasSubstr("could not be verified: the certificate issuer is unknown"));
    EXPECT_TRUE(report.failure.has_value());
  }
}

TEST_P(Failing, AServerOfAnotherNameIsNotTrusted) {
  const auto acceptor = MakeAcceptor(
      {.identity = FromMade(pki.Issue(CertificateOptions::Server("other.example"))), .trust_file = trust});
  for (const std::string version : {"1.2", "1.3"}) {
    const auto [visitor, report] = Served(
        *acceptor, [&](std::uint16_t port) { return Connect(*probe, port, {FromMade(alice)}, version); });
    ASSERT_TRUE(report.failure.has_value());
    EXPECT_EQ(report.failure->code(), ErrorCode::kUntrustedServer);
    EXPECT_THAT(report.failure->hint(), HasSubstr("with a name that is in the server's certificate"));
    EXPECT_FALSE(report.client_certificate.sent);
    EXPECT_TRUE(visitor.failure.has_value());
  }
}

TEST_P(Failing, ASessionIsResumedAndTheServerStillKnowsNamedClient) {
  const auto acceptor = MakeAcceptor({.identity = FromMade(server), .trust_file = trust});
  for (const std::uint16_t version : {0x0303, 0x0304}) {
    const Socket listener = Socket::Listen("127.0.0.1", 0);
    std::future<Visitor> second = std::async(std::launch::async, [&] {
      acceptor->Accept(listener.Accept(std::chrono::seconds(20)).get());
      return acceptor->Accept(listener.Accept(std::chrono::seconds(20)).get());
    });
    ProbeOptions options{.host = "localhost", .port = listener.port(), .identities = {FromMade(alice)}};
    options.trust_file = trust;
    options.protocol_version = version;
    options.resume = true;
    const std::vector<HandshakeReport> reports = probe->Connect(options);
    const Visitor visitor = second.get();
    ASSERT_EQ(reports.size(), 2u);
    EXPECT_FALSE(reports.front().resumed);
    EXPECT_TRUE(reports.back().resumed);
    EXPECT_FALSE(reports.back().failure.has_value()) << reports.back().failure->what();
    EXPECT_TRUE(visitor.resumed);
    EXPECT_THAT(visitor.subject, HasSubstr("CN=alice"));
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, Failing, ::testing::Values(kRows[7]),
                         [](const auto& row) { return row.param.scheme; });

}  // namespace
}  // namespace signet::gnutls

// Three TLS stacks, one selection: the same CertificateRequest is answered with the same identity.
#include "botan/inspector/probe.h"
#include "botan/keys.h"
#include "openssl_tls/inspector/probe.h"
#ifdef SIGNET_HAS_GNUTLS
#include "gnutls/inspector/probe.h"
#endif
#include <signet/identity_source.h>
#include <signet/testing/process.h>
#include <signet/testing/soft_hsm.h>
#include <signet/testing/temporary_directory.h>

#include <map>
#include <set>

#include <botan/version.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet::botan {
namespace {

using testing::CertificateOptions;
using testing::TestPki;

struct Request {
  const char* schemes;      // as openssl s_server takes them
  const char* authorities;  // letters of the CAs that the server names; empty: none
};

constexpr Request kRequests[] = {
    {"rsa_pss_rsae_sha256", "a"},
    {"rsa_pss_rsae_sha512", "b"},
    {"rsa_pss_rsae_sha256:ecdsa_secp256r1_sha256", "a"},
    {"ecdsa_secp256r1_sha256:rsa_pss_rsae_sha256", "a"},
    {"ecdsa_secp256r1_sha256", ""},
    {"ecdsa_secp384r1_sha384", ""},
    {"ecdsa_secp384r1_sha384:rsa_pss_rsae_sha256", "a"},
    {"ecdsa_secp384r1_sha384:rsa_pss_rsae_sha256", "b"},
    {"rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:ecdsa_secp256r1_sha256:ecdsa_secp384r1_sha384", "ab"},
    {"rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:ecdsa_secp256r1_sha256:ecdsa_secp384r1_sha384", ""},
    {"rsa_pkcs1_sha256:rsa_pss_rsae_sha256", "b"},
    {"ecdsa_secp521r1_sha512:rsa_pss_rsae_sha384", ""},
    {"rsa_pss_rsae_sha256:ecdsa_secp256r1_sha256", "c"},  // nobody's
    {"ecdsa_secp521r1_sha512", "ab"},                     // no such key
};

// Choices is a server that asks for each row, and the identities that may answer.
class Choices {
 public:
  Choices() {
    token_.UseInThisProcess();
    Add("rsa-a", a_, {.key = "rsa:2048"});
    Import("rsa-b", b_, {.key = "rsa:2048"});
    Add("p256-a", a_, {.key = "ec:P-256"});
    Import("p384-b", b_, {.key = "ec:P-384"});
    Add("edwards-a", a_, {.key = "ed25519"});
    Add("expired-a", a_, CertificateOptions{.key = "ec:P-256"}.Expired());
    Add("server-b", b_, {.key = "ec:P-256", .extended_key_usage = "serverAuth"});
    const testing::TestIdentity server = a_.Issue(CertificateOptions::Server());
    certificate_ = directory_.Write("server.pem", server.ChainPem());
    key_ = directory_.Write("server.key", server.PrivateKeyPem());
    trust_ = directory_.Write("trust.pem", Named("ab"));
  }

  // NameOf is what the test calls an identity: "test:NAME" in a file, "token:NAME" in the token.
  std::string NameOf(const std::string& uri) const {
    const auto found = in_token_.find(uri);
    return found != in_token_.end() ? "token:" + found->second : uri;
  }

  // Chosen gives the URI that a stack presents, or "nothing".
  std::string Chosen(Probe& probe, const Request& request, const char* version) {
    const std::uint16_t port = testing::FreePort();
    std::vector<std::string> argv = {"openssl",       "s_server",
                                     "-accept",       fmt::format("127.0.0.1:{}", port),
                                     "-cert",         certificate_,
                                     "-key",          key_,
                                     "-verifyCAfile", trust_,
                                     "-verify",       "3",
                                     version,         "-client_sigalgs",
                                     request.schemes, "-www"};
    if (*request.authorities != '\0') {
      const std::string file =
          directory_.Write(fmt::format("{}.pem", request.authorities), Named(request.authorities));
      argv.insert(argv.end(), {"-CAfile", file});
    }
    testing::BackgroundProcess server({.argv = argv});
    if (!server.WaitForPort(port)) return "the server does not start: " + server.output();
    ProbeOptions options{.host = "localhost", .port = port, .identities = identities_};
    options.trust_file = trust_;
    const HandshakeReport report = probe.Connect(options).at(0);
    if (!report.application) return "the handshake failed: " + std::string(report.failure->what());
    // A mistaken set-up must not pass as agreement.
    if (!report.certificate_request) return "nobody asked";
    const std::size_t named = std::string_view(request.authorities).size();
    if (report.certificate_request->authorities.size() != named) return "other authorities were named";
    return report.client_certificate.sent ? report.client_certificate.uri : "nothing";
  }

 private:
  void Add(const char* name, const TestPki& pki, CertificateOptions options) {
    options.common_name = name;
    identities_.push_back(MakeIdentity(pki.Issue(options), std::string("test:") + name));
  }

  // Import is Add for a key in a token.
  void Import(const char* name, const TestPki& pki, CertificateOptions options) {
    options.common_name = name;
    const testing::TestIdentity made = pki.Issue(options);
    identities_.push_back(MakeIdentity(made, std::string("test:") + name));  // a twin in a file
    token_.Import(made, {.id = name, .label = name});
    identities_.push_back(source_.Open(token_.ObjectUri(name, true)));
    in_token_[identities_.back().uri()] = name;
  }

  std::string Named(std::string_view letters) const {
    std::string pem;
    for (const char letter : letters) {
      pem += (letter == 'a' ? a_ : letter == 'b' ? b_ : c_).root().CertificatePem();
    }
    return pem;
  }

  TestPki a_{CertificateOptions::Ca("Authority A")};
  TestPki b_{CertificateOptions::Ca("Authority B")};
  TestPki c_{CertificateOptions::Ca("Authority C")};
  testing::SoftHsm token_;
  IdentitySource source_;
  testing::TemporaryDirectory directory_;
  std::string certificate_, key_, trust_;
  std::vector<Identity> identities_;
  std::map<std::string, std::string> in_token_;  // names by URI
};

// Others gives the probes of the stacks beside OpenSSL that have this version.
std::vector<std::unique_ptr<Probe>> Others(bool tls13) {
  std::vector<std::unique_ptr<Probe>> others;
  if (!tls13 || BOTAN_VERSION_MAJOR >= 3) others.push_back(botan::MakeProbe());
#ifdef SIGNET_HAS_GNUTLS
  others.push_back(gnutls::MakeProbe());
#endif
  return others;
}

void Compare(const char* version) {
  static Choices choices;  // SoftHSM reads its configuration once in a process
  const auto others = Others(std::string_view(version) == "-tls1_3");
  if (others.empty()) GTEST_SKIP() << "OpenSSL alone has this version";
  const auto openssl_probe = openssl::MakeProbe();
  std::set<std::string> seen;
  for (const Request& request : kRequests) {
    SCOPED_TRACE(fmt::format("{} {} [{}]", version, request.schemes, request.authorities));
    const std::string by_openssl = choices.Chosen(*openssl_probe, request, version);
    for (const auto& other : others) {
      EXPECT_EQ(choices.Chosen(*other, request, version), by_openssl) << other->Version();
    }
    seen.insert(choices.NameOf(by_openssl));
  }
  // The table reaches every usable identity, and the case of none.
  EXPECT_EQ(seen,
            (std::set<std::string>{"nothing", "test:p256-a", "test:rsa-a", "token:p384-b", "token:rsa-b"}));
}

TEST(SameChoice, EveryStackPresentsTheSameIdentityInTls12) { Compare("-tls1_2"); }
TEST(SameChoice, EveryStackPresentsTheSameIdentityInTls13) { Compare("-tls1_3"); }

}  // namespace
}  // namespace signet::botan

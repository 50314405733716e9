// Failures of tokens, made with a module that shows what SoftHSM never does, in real handshakes and lists.
#include "applications/mutual_tls_server.h"
#include "applications/signet_command.h"
#include <signet/testing/soft_hsm.h>
#include <signet/testing/wrapped_module.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet {
namespace {

using ::testing::AllOf;
using testing::CertificateOptions;
using ::testing::HasSubstr;
using testing::SoftHsm;
using testing::TestPki;
using testing::WrappedModule;

constexpr unsigned long kRsaRaw = 0x3;  // CKM_*
constexpr unsigned long kRsaPss = 0xd;
constexpr unsigned long kHashedRsaPss[] = {0xe, 0x43, 0x44, 0x45, 0x47};
constexpr unsigned long kLocked = 0x40000;  // CKF_USER_PIN_LOCKED

class TokenFailures : public ::testing::Test {
 protected:
  TokenFailures() { hsm_.Import(pki_.Issue({.key = "rsa:2048", .common_name = "card"}), {}); }

  MutualTlsServer Server(const std::string& tls) {
    return MutualTlsServer(MutualTlsServer::Kind::kOpenSsl,
                           {.identity = server_pki_.Issue(CertificateOptions::Server()),
                            .trust_pem = pki_.root().RootPem(),
                            .tls = tls});
  }
  testing::ProcessResult Handshake(const MutualTlsServer& server, const WrappedModule& module,
                                   std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"handshake", server.address(), "--trust",    server.trust_file(),
                                          "--module",  module.path(),    "--identity", hsm_.TokenUri(true)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return RunSignet(arguments);
  }

  TestPki pki_{CertificateOptions::Ca("Card Root")};
  TestPki server_pki_{CertificateOptions::Ca("Server Root")};
  SoftHsm hsm_;
};

testing::ModuleBehaviour WithoutPss() {
  testing::ModuleBehaviour behaviour{.hidden_mechanisms = {kRsaRaw, kRsaPss}};
  for (const unsigned long mechanism : kHashedRsaPss) behaviour.hidden_mechanisms.push_back(mechanism);
  return behaviour;
}

TEST_F(TokenFailures, CardWithoutPssIsReportedForTls13AndWorksWithTls12) {
  WrappedModule module(hsm_, WithoutPss());
  auto server = Server("1.3");
  const auto refused = Handshake(server, module);
  EXPECT_EQ(refused.exit_status, 1);
  EXPECT_THAT(refused.err,
              AllOf(HasSubstr("TLS 1.3 allows only RSA-PSS for RSA signatures"), HasSubstr("TLS 1.2")));
  const auto listed = RunSignet({"list", "--module", module.path(), hsm_.TokenUri(true)});
  EXPECT_THAT(listed.out,
              AllOf(HasSubstr("client   fit"), HasSubstr("note     TLS 1.3 allows only RSA-PSS for RSA"),
                    HasSubstr("TLS 1.2")));
  auto older = Server("1.2");
  const auto accepted = Handshake(older, module);
  EXPECT_EQ(accepted.exit_status, 0) << accepted.err;
  EXPECT_TRUE(older.SawSubject("card"));
}

TEST_F(TokenFailures, LockedPinIsSaidWithTheHint) {
  WrappedModule module(hsm_, {.token_flags_set = kLocked});
  auto server = Server("1.3");
  const auto refused = Handshake(server, module);
  EXPECT_EQ(refused.exit_status, 1);
  EXPECT_THAT(refused.err, HasSubstr("locked"));
}

TEST_F(TokenFailures, KeyOfAnotherCertificateIsFoundByItsPublicKey) {
  SoftHsm hsm;
  hsm.ImportKey(pki_.Issue({.key = "rsa:2048"}), {.id = "\x07"});
  hsm.ImportCertificate(pki_.Issue({.key = "rsa:2048"}).certificate, {.id = "\x07"});
  WrappedModule module(hsm);
  const auto listed = RunSignet({"list", "--json", "--module", module.path(), hsm.TokenUri(true)});
  EXPECT_THAT(listed.out, HasSubstr("key-certificate-mismatch"));
  EXPECT_THAT(listed.err, AllOf(HasSubstr("the key with the CKA_ID of the certificate of CN=alice,O=Signet "
                                          "Test does not match the certificate"),
                                HasSubstr("Use the certificate that was issued for this key")));
}

// A private EC key does not tell its public part: the first signature shows it, and is not sent.
TEST_F(TokenFailures, KeyOfAnotherCertificateIsFoundByATrialSignature) {
  SoftHsm hsm;
  hsm.ImportKey(pki_.Issue({.key = "ec:P-256"}), {.id = "\x07", .public_object = false});
  hsm.ImportCertificate(pki_.Issue({.key = "ec:P-256", .common_name = "mixed"}).certificate, {.id = "\x07"});
  WrappedModule module(hsm);
  auto server = Server("1.3");
  const auto refused = RunSignet({"handshake", server.address(), "--trust", server.trust_file(), "--module",
                                  module.path(), "--identity", hsm.TokenUri(true)});
  EXPECT_EQ(refused.exit_status, 1);
  EXPECT_THAT(refused.err, HasSubstr("does not verify with its certificate"));
}

}  // namespace
}  // namespace signet

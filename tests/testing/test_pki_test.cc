#include "identity/public_key.h"
#include <signet/certificate_chain.h>
#include <signet/testing/process.h>
#include <signet/testing/temporary_directory.h>
#include <signet/testing/test_pki.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/opensslv.h>

namespace signet::testing {
namespace {

using ::testing::HasSubstr;

bool OpenSslVerifies(const TestIdentity& identity) {
  const TemporaryDirectory directory;
  const std::string root = directory.Write("root.pem", std::string_view(identity.RootPem()));
  const std::string chain = directory.Write("chain.pem", std::string_view(identity.ChainPem()));
  const ProcessResult result =
      RunProgram({.argv = {"openssl", "verify", "-CAfile", root, "-untrusted", chain, chain}});
  if (!result.ok()) ADD_FAILURE() << result.out << result.err;
  return result.ok();
}

TEST(TestPki, EveryKeyTypeGivesACertificateThatVerifies) {
  const TestPki pki;
  for (const char* key :
       {"rsa:2048", "rsa-pss:2048", "ec:P-256", "ec:P-384", "ec:P-521", "ed25519", "ed448"}) {
    SCOPED_TRACE(key);
    EXPECT_TRUE(OpenSslVerifies(pki.Issue({.key = key})));
    EXPECT_TRUE(OpenSslVerifies(TestPki(CertificateOptions::Ca("Root")).Issue({.key = key})));
  }
}

TEST(TestPki, EveryKeyTypeIssues) {
  for (const char* key : {"rsa:3072", "rsa-pss:2048", "ec:P-384", "ed25519", "ed448"}) {
    SCOPED_TRACE(key);
    CertificateOptions root = CertificateOptions::Ca("Root");
    root.key = key;
    EXPECT_TRUE(OpenSslVerifies(TestPki(root).Issue({})));
  }
}

TEST(TestPki, ChainGoesThroughItsIntermediates) {
  const TestPki pki;
  const TestIdentity upper = pki.Intermediate("Upper");
  CertificateOptions options = CertificateOptions::Ca("Lower");
  const TestIdentity lower = TestPki::IssueFrom(upper, options);
  const TestIdentity leaf = TestPki::IssueFrom(lower, {});
  ASSERT_EQ(leaf.issuers.size(), 3u);
  EXPECT_EQ(leaf.issuers[0], lower.certificate);
  EXPECT_EQ(leaf.issuers[2], pki.root().certificate);
  EXPECT_TRUE(OpenSslVerifies(leaf));
  EXPECT_EQ(CertificateChain(leaf.certificate, leaf.issuers).certificates().size(), 4u);
}

TEST(TestPki, NamesArriveInTheCertificate) {
  const TestPki pki;
  EXPECT_EQ(pki.Issue({.emails = {"a@example.org"}}).certificate.user_name(), "a@example.org");
  EXPECT_EQ(pki.Issue({.emails = {"a@example.org"}, .upns = {"b@example.org"}}).certificate.user_name(),
            "b@example.org");
  EXPECT_EQ(pki.Issue({.common_name = "carol"}).certificate.user_name(), "carol");
}

TEST(TestPki, DatesAreAsAsked) {
  const TestPki pki;
  const auto now = std::chrono::system_clock::now();
  EXPECT_LT(pki.Issue(CertificateOptions().Expired()).certificate.not_after(), now);
  EXPECT_GT(pki.Issue(CertificateOptions().NotYetValid()).certificate.not_before(), now);
}

TEST(TestPki, DsaKeysAreMadeForFilesOfOld) {
  const TestPki pki;
  const TestIdentity dsa = pki.Issue({.key = "dsa:1024"});
  EXPECT_EQ(PublicKey::FromSpki(dsa.certificate.subject_public_key_info()).type(), KeyType::kOther);
}

TEST(TestPki, UnknownKeyTypeIsSaidToBe) {
  EXPECT_FALSE(TestPki::HasKeyType("enigma"));
  EXPECT_TRUE(TestPki::HasKeyType("ed448"));
  EXPECT_EQ(TestPki::HasKeyType("ml-dsa-65"), OPENSSL_VERSION_NUMBER >= 0x30500000L);
  EXPECT_THROW(TestPki().Issue({.key = "enigma"}), std::runtime_error);
}

struct Pkcs12Case {
  const char* name;
  Pkcs12Options options;
  std::vector<std::string> arguments;  // for openssl pkcs12
};

void PrintTo(const Pkcs12Case& row, std::ostream* out) { *out << row.name; }

class Pkcs12File : public ::testing::TestWithParam<Pkcs12Case> {};

TEST_P(Pkcs12File, IsReadByOpenSsl) {
  const TestPki pki;
  const TestIdentity alice = pki.Issue({});
  const TemporaryDirectory directory;
  const std::string path = directory.Write("alice.p12", MakePkcs12(alice, GetParam().options));
  std::vector<std::string> argv{"openssl", "pkcs12", "-in", path, "-nodes"};
  argv.insert(argv.end(), GetParam().arguments.begin(), GetParam().arguments.end());
  const ProcessResult result = RunProgram({.argv = argv});
  EXPECT_TRUE(result.ok()) << result.err;
  EXPECT_THAT(result.out, HasSubstr("BEGIN PRIVATE KEY"));
  EXPECT_THAT(result.out, HasSubstr(alice.CertificatePem()));
  EXPECT_THAT(result.out, HasSubstr(pki.root().CertificatePem()));
}

INSTANTIATE_TEST_SUITE_P(
    All, Pkcs12File,
    ::testing::Values(
        Pkcs12Case{"Modern", {}, {"-passin", "pass:secret"}},
        Pkcs12Case{"EmptyPassword", {.password = ""}, {"-passin", "pass:"}},
        Pkcs12Case{"AbsentPassword",
                   {.password = std::nullopt, .key_cipher = "", .certificate_cipher = ""},
                   {"-passin", "pass:"}},
        Pkcs12Case{
            "Rc2",
            {.key_cipher = "PBE-SHA1-3DES", .certificate_cipher = "PBE-SHA1-RC2-40", .mac_digest = "SHA1"},
            {"-passin", "pass:secret", "-legacy"}},
        Pkcs12Case{"NotEncrypted", {.key_cipher = "", .certificate_cipher = ""}, {"-passin", "pass:secret"}},
        Pkcs12Case{"NoMac", {.mac_digest = ""}, {"-passin", "pass:secret", "-nomacver"}}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(MakePkcs12, HoldsSeveralIdentities) {
  const TestPki pki;
  const TemporaryDirectory directory;
  const auto file = MakePkcs12({pki.Issue({.common_name = "alice"}), pki.Issue({.common_name = "bob"})}, {});
  const std::string path = directory.Write("two.p12", file);
  const ProcessResult result = RunProgram(
      {.argv = {"openssl", "pkcs12", "-in", path, "-nodes", "-nocerts", "-passin", "pass:secret"}});
  EXPECT_THAT(result.out, HasSubstr("friendlyName: alice\n"));
  EXPECT_THAT(result.out, HasSubstr("friendlyName: alice-2\n"));
}

}  // namespace
}  // namespace signet::testing

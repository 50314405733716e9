#include "applications/signet_command.h"
#include "identity/signature_schemes.h"
#include <signet/testing/soft_hsm.h>

#include <gmock/gmock.h>

namespace signet {
namespace {

using ::testing::HasSubstr;
using testing::SoftHsm;
using testing::TestPki;

class List : public ::testing::Test {
 protected:
  std::string File(const std::string& name, const testing::TestIdentity& identity,
                   const testing::Pkcs12Options& options = {}) const {
    return "pkcs12:" + directory_.Write(name, testing::MakePkcs12(identity, options));
  }

  TestPki pki_;
  testing::TemporaryDirectory directory_;
};

TEST_F(List, JsonSaysEverythingOfAFilesIdentity) {
  const auto middle = pki_.Intermediate("Middle");
  const auto alice =
      TestPki::IssueFrom(middle, {.key = "ec:P-256", .common_name = "alice", .upns = {"alice@corp.example"}});
  const auto result = RunSignet({"list", File("alice.p12", alice) + "?pin-value=secret", "--json"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  const auto document = JsonOf(result);
  EXPECT_EQ(document["problems"].size(), 0u);
  ASSERT_EQ(document["identities"].size(), 1u);
  const auto& identity = document["identities"][0];
  EXPECT_EQ(identity["source"], "pkcs12");
  EXPECT_EQ(identity["subject"], alice.certificate.subject());
  EXPECT_EQ(identity["user_name"], "alice@corp.example");
  EXPECT_EQ(identity["issuer"], middle.certificate.subject());
  EXPECT_THAT(identity["not_before"].get<std::string>(),
              ::testing::MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"));
  EXPECT_LT(identity["not_before"], identity["not_after"]);
  EXPECT_EQ(identity["key"], "EC P-256");
  EXPECT_EQ(identity["schemes"][0], "ecdsa_secp256r1_sha256");
  ASSERT_GE(identity["certificates"].size(), 2u);
  EXPECT_EQ(identity["certificates"][0]["sha256"], alice.certificate.sha256());
  EXPECT_EQ(identity["certificates"][1]["subject"], middle.certificate.subject());
  EXPECT_EQ(identity["client_auth"]["fit"], true);
  EXPECT_EQ(identity["client_auth"]["reasons"].size(), 0u);
  EXPECT_THAT(result.out, Not(HasSubstr("secret"))) << "the password must not be echoed";
}

TEST_F(List, NamesOfFilesMayHoldAnything) {
  const auto alice = pki_.Issue({.common_name = "alice"});
  for (const auto& [name, encoded] :
       std::vector<std::pair<std::string, std::string>>{{"with space.p12", "with%20space.p12"},
                                                        {"with space.p12", "with space.p12"},
                                                        {"Schlüssel.p12", "Schlüssel.p12"},
                                                        {"Schlüssel.p12", "Schl%C3%BCssel.p12"},
                                                        {"a;b?c&d%e=f.p12", "a%3Bb%3Fc%26d%25e%3Df.p12"},
                                                        {"-", "-"},
                                                        {"\xff.p12", "%FF.p12"}}) {
    SCOPED_TRACE(encoded);
    File(name, alice);
    const auto result =
        RunSignet({"list", "--json", "pkcs12:" + directory_.path() + "/" + encoded + "?pin-value=secret"});
    EXPECT_EQ(result.exit_status, 0) << result.err;
    const auto document = JsonOf(result);
    ASSERT_EQ(document["identities"].size(), 1u);
    const std::string uri = document["identities"][0]["uri"];
    EXPECT_EQ(RunSignet({"show", uri + "?pin-value=secret"}).exit_status, 0) << uri;
  }
}

TEST_F(List, NamesInCertificatesCannotPassForOutput) {
  const auto mallory =
      pki_.Issue({.common_name = "mallory\n  client   fit\x1b[2J\xc2\x9b", .extended_key_usage = ""});
  const std::string uri = File("mallory.p12", mallory) + "?pin-value=secret";
  for (const char* verb : {"list", "show"}) {
    const auto result = RunSignet({verb, uri});
    EXPECT_EQ(result.exit_status, 0) << result.err;
    EXPECT_THAT(result.out, HasSubstr("mallory\\x0a  client   fit\\x1b[2J\\x9b"));
    EXPECT_THAT(result.out, HasSubstr("CN=mallory\\0A  client   fit\\1B[2J\\C2\\9B,"));
    for (const char* bad : {"\x1b", "\xc2\x9b", "\n  client   fit\\"})
      EXPECT_THAT(result.out, Not(HasSubstr(bad)));
  }
}

TEST_F(List, SaysWhyAnIdentityIsUnfit) {
  const auto mail = pki_.Issue({.common_name = "mail", .extended_key_usage = "emailProtection"});
  const auto document = JsonOf(RunSignet({"list", File("mail.p12", mail) + "?pin-value=secret", "--json"}));
  ASSERT_EQ(document["identities"].size(), 1u);
  EXPECT_EQ(document["identities"][0]["client_auth"]["fit"], false);
  EXPECT_THAT(document["identities"][0]["client_auth"]["reasons"][0].get<std::string>(),
              HasSubstr("clientAuth"));
  EXPECT_THAT(document["identities"][0]["client_auth"]["explained"][0]["hint"].get<std::string>(),
              HasSubstr("Ask the issuer"));
}

TEST_F(List, EveryThingThatIsWrongComesWithItsHint) {
  struct Row {
    testing::TestIdentity identity;
    const char* wrong;
    const char* hint;
  };
  const testing::CertificateOptions plain;
  testing::TestIdentity cut = TestPki::IssueFrom(pki_.Intermediate("Middle"), plain);
  cut.issuers.clear();
  const auto old = TestPki::IssueFrom(pki_.root(), testing::CertificateOptions::Ca("Old Middle").Expired());
  auto weak_middle = testing::CertificateOptions::Ca("Weak Middle");
  weak_middle.digest = "SHA1";
  const Row rows[] = {
      {pki_.Issue({.extended_key_usage = "serverAuth"}), "lacks clientAuth",
       "extended key usage has clientAuth"},
      {pki_.Issue({.key_usage = "critical,keyAgreement"}), "lacks digitalSignature",
       "key usage has digitalSignature"},
      {pki_.Issue(plain.Expired()), "the certificate expired on", "set this computer's clock"},
      {pki_.Issue(plain.NotYetValid()), "is not valid before", "Set this computer's clock"},
      {TestPki::IssueFrom(old, plain), "issuer CN=Old Middle,O=Signet Test expired", "renewed certificate"},
      {pki_.Issue({.key = "rsa:1024"}), "the key in the certificate of CN=alice,O=Signet Test is too weak",
       "longer key"},
      {pki_.Issue({.digest = "SHA1"}), "the signature on the certificate of CN=alice,O=Signet Test (SHA1)",
       "reissued with SHA-256"},
      {TestPki::IssueFrom(TestPki::IssueFrom(pki_.root(), weak_middle), plain),
       "the signature on the certificate of CN=Weak Middle", "reissued with SHA-256"},
      {pki_.Issue({.key = "ec:brainpoolP256r1"}), "its key, EC brainpoolP256r1",
       "if the program and the server list that curve"},
      {pki_.Issue({.extended_key_usage = "anyExtendedKeyUsage"}), "its extended key usage has any",
       "has clientAuth for a client"},
      {pki_.Issue({.extensions = {{"1.2.3.4", "critical,ASN1:UTF8String:x"}}}),
       "its certificate has a critical extension", "marked as not critical"},
      {cut, "the certificate of the issuer CN=Middle,O=Signet Test is missing",
       "Add the missing certificate to the identity"},
  };
  for (const Row& row : rows) {
    const auto listed = RunSignet({"list", File("a.p12", row.identity) + "?pin-value=secret"});
    EXPECT_THAT(listed.out, ::testing::AllOf(HasSubstr(row.wrong), HasSubstr(row.hint)));
    const auto shown = RunSignet({"show", File("a.p12", row.identity) + "?pin-value=secret"});
    EXPECT_THAT(shown.out, ::testing::AllOf(HasSubstr(row.wrong), HasSubstr(row.hint)));
  }
  const auto fine = RunSignet({"list", File("a.p12", pki_.Issue(plain)) + "?pin-value=secret"});
  EXPECT_THAT(fine.out, Not(HasSubstr("  note ")));
}

TEST_F(List, PeopleSeeTheSame) {
  const auto alice = pki_.Issue(testing::CertificateOptions{.common_name = "alice"}.Expired());
  const auto result = RunSignet({"list", File("alice.p12", alice) + "?pin-value=secret"});
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_THAT(result.out,
              ::testing::AllOf(HasSubstr("CN=alice"), HasSubstr("EC P-256"), HasSubstr("expired")));
}

TEST_F(List, SeveralUrisAreListedTogetherAndAProblemTakesNoneAlong) {
  const auto one = File("one.p12", pki_.Issue({.common_name = "one"}));
  const auto two = File("two.p12", pki_.Issue({.common_name = "two"}));
  const auto result = RunSignet(
      {"list", one + "?pin-value=secret", "pkcs12:/not/there.p12", two + "?pin-value=secret", "--json"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  const auto document = JsonOf(result);
  EXPECT_EQ(document["identities"].size(), 2u);
  ASSERT_EQ(document["problems"].size(), 1u);
  EXPECT_EQ(document["problems"][0]["what"], "unreadable");
  EXPECT_EQ(document["problems"][0]["uri"], "pkcs12:/not/there.p12");
  EXPECT_FALSE(document["problems"][0]["hint"].get<std::string>().empty());
}

TEST_F(List, WithoutUriEveryTokenIsListedWithoutAPrompt) {
  SoftHsm hsm;
  hsm.Import(pki_.Issue({.key = "rsa:2048", .common_name = "alice"}), {.id = "\x01", .label = "alice"});
  hsm.Import(pki_.Issue({.key = "ec:P-384", .common_name = "bob"}), {.id = "\x02", .label = "bob"});
  for (const auto& arguments :
       std::vector<std::vector<std::string>>{{"list", "--json", "--module", SoftHsm::module_path()},
                                             {"--module", SoftHsm::module_path(), "list", "--json"}}) {
    const auto result = RunSignet(arguments, hsm.environment());
    EXPECT_EQ(result.exit_status, 0) << result.err;
    const auto document = JsonOf(result);
    ASSERT_EQ(document["identities"].size(), 2u) << result.out;
    for (const auto& identity : document["identities"]) {
      EXPECT_EQ(identity["source"], "pkcs11");
      EXPECT_THAT(identity["uri"].get<std::string>(), HasSubstr("token=signet-test"));
      EXPECT_THAT(identity["uri"].get<std::string>(), Not(HasSubstr("pin")));
    }
  }
}

TEST_F(List, AUriOfTheListOpensExactlyThatIdentity) {
  SoftHsm hsm;
  hsm.Import(pki_.Issue({.common_name = "alice"}), {.id = "\x01", .label = "same"});
  hsm.Import(pki_.Issue({.common_name = "bob"}), {.id = "\x02", .label = "same"});
  const auto list =
      JsonOf(RunSignet({"list", "--json", "--module", SoftHsm::module_path()}, hsm.environment()));
  ASSERT_EQ(list["identities"].size(), 2u);
  for (const auto& identity : list["identities"]) {
    const auto shown =
        RunSignet({"show", identity["uri"], "--json", "--module", SoftHsm::module_path()}, hsm.environment());
    EXPECT_EQ(shown.exit_status, 0) << shown.err;
    EXPECT_EQ(JsonOf(shown)["identities"][0], identity);
  }
}

TEST_F(List, ShowGivesTheChainInPem) {
  const auto alice = TestPki::IssueFrom(pki_.Intermediate("Middle"), {.common_name = "alice"});
  const auto result = RunSignet({"show", File("alice.p12", alice) + "?pin-value=secret", "--pem"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  const auto certificates = Certificate::FromPem(result.out);
  ASSERT_GE(certificates.size(), 2u);
  EXPECT_EQ(certificates.front(), alice.certificate);
}

TEST_F(List, ShowOfSeveralSaysWhichTheyAre) {
  SoftHsm hsm;
  hsm.Import(pki_.Issue({.common_name = "alice"}), {.id = "\x01", .label = "a"});
  hsm.Import(pki_.Issue({.common_name = "bob"}), {.id = "\x02", .label = "b"});
  const auto result =
      RunSignet({"show", hsm.TokenUri(), "--json", "--module", SoftHsm::module_path()}, hsm.environment());
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_EQ(JsonOf(result)["problems"][0]["what"], "ambiguous");
  EXPECT_THAT(result.err, HasSubstr("id=%01"));
}

TEST_F(List, TheCallLogGoesToStandardErrorWithoutThePin) {
  SoftHsm hsm({.pin = "87654321"});
  hsm.Import(pki_.Issue({.common_name = "alice"}), {.id = "\x01", .label = "a"});
  auto environment = hsm.environment();
  environment["SIGNET_CALL_LOG"] = "stderr";
  const auto result = RunSignet(
      {"show", hsm.ObjectUri("\x01", true), "--module", SoftHsm::module_path(), "--json"}, environment);
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_EQ(JsonOf(result)["identities"].size(), 1u);
  EXPECT_THAT(result.err, HasSubstr("C_FindObjectsInit"));
  EXPECT_THAT(result.err, Not(HasSubstr(hsm.pin())));
}

TEST_F(List, ThePinSourceOptionServesFilesAndTokens) {
  SoftHsm hsm;
  hsm.Import(pki_.Issue({.common_name = "alice"}), {.id = "\x01", .label = "a"});
  const std::string pin = directory_.Write("pin", hsm.pin());
  const auto token = RunSignet(
      {"show", hsm.ObjectUri("\x01"), "--module", SoftHsm::module_path(), "--pin-source", "file:" + pin},
      hsm.environment());
  EXPECT_EQ(token.exit_status, 0) << token.err;
  const std::string password = directory_.Write("password", "secret\n");
  const auto file = RunSignet({"list", File("a.p12", pki_.Issue({})), "--pin-source", "file:" + password});
  EXPECT_EQ(file.exit_status, 0) << file.err;
}

TEST_F(List, LabelsAreShown) {
  SoftHsm hsm;
  hsm.Import(pki_.Issue({.common_name = "alice"}), {.id = "\x01", .label = "Alice's key"});
  const std::vector<std::string> list = {"list", "--module", SoftHsm::module_path()};
  EXPECT_THAT(RunSignet(list, hsm.environment()).out, HasSubstr("\n  label    Alice's key\n"));
  const auto document =
      JsonOf(RunSignet({"list", "--json", "--module", SoftHsm::module_path()}, hsm.environment()));
  EXPECT_EQ(document["identities"][0]["label"], "Alice's key");
  const std::string file = File("b.p12", pki_.Issue({}), {.friendly_name = "Bob's"}) + "?pin-value=secret";
  EXPECT_THAT(RunSignet({"list", file}).out, HasSubstr("\n  label    Bob's\n"));
  EXPECT_THAT(RunSignet({"show", file}).out, HasSubstr("\nlabel      Bob's\n"));
}

TEST_F(List, ATokenIsNotLoggedInToButWithAPinSource) {
  SoftHsm hsm;
  hsm.Import(pki_.Issue({.common_name = "alice"}), {.id = "\x01", .label = "a"});
  const std::string pin = "file:" + directory_.Write("pin", hsm.pin());
  for (const char* verb : {"list", "show"}) {
    const std::vector<std::string> without = {verb, "token=signet-test", "--module", SoftHsm::module_path()};
    std::vector<std::string> with = without;
    with.insert(with.end(), {"--pin-source", pin});
    EXPECT_THAT(RunSignet(without, hsm.environment()).out, HasSubstr("not logged in"));
    const auto logged_in = RunSignet(with, hsm.environment());
    EXPECT_THAT(logged_in.out, ::testing::AllOf(HasSubstr("alice"), Not(HasSubstr("not logged in"))));
    EXPECT_EQ(logged_in.err, "");
  }
}

TEST_F(List, WhereSeveralTokensFitItSaysThatThePinWasSentToNone) {
  SoftHsm hsm({.label = "one"});
  hsm.AddToken({.label = "two"});
  hsm.Import(pki_.Issue({.common_name = "alice"}), {.id = "\x01", .label = "a", .token = "one"});
  const std::string pin = "file:" + directory_.Write("pin", hsm.pin());
  const auto result =
      RunSignet({"list", "--module", SoftHsm::module_path(), "--pin-source", pin}, hsm.environment());
  EXPECT_THAT(result.out, HasSubstr("not logged in"));
  EXPECT_THAT(result.err,
              ::testing::AllOf(HasSubstr("the PIN was not sent"), HasSubstr("one"), HasSubstr("two")));
}

TEST_F(List, AnIdInHexadecimalThatSeveralTokensHaveIsAmbiguous) {
  SoftHsm hsm({.label = "one"});
  hsm.AddToken({.label = "two"});
  for (const std::string token : {"one", "two"})
    hsm.Import(pki_.Issue({.common_name = "alice"}), {.id = "\x01", .label = "a", .token = token});
  const std::string pin = "file:" + directory_.Write("pin", hsm.pin());
  const auto result = RunSignet({"show", "id=01", "--module", SoftHsm::module_path(), "--pin-source", pin},
                                hsm.environment());
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err,
              ::testing::AllOf(HasSubstr("signet: id=01: 2 identities match"), HasSubstr("id=%01")));
}

TEST_F(List, LoginBehaviorNeverKeepsItFromLoggingIn) {
  SoftHsm hsm;
  hsm.Import(pki_.Issue({.common_name = "alice"}), {.id = "\x01", .label = "a"});
  const auto result =
      RunSignet({"list", "token=signet-test", "--module", SoftHsm::module_path(), "--pin-source",
                 "file:" + directory_.Write("pin", hsm.pin()), "--set", "login-behavior=never"},
                hsm.environment());
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("not logged in"));
}

TEST_F(List, ATruncatedChainOnATokenIsAProblemInTheListing) {
  SoftHsm hsm;
  testing::TestIdentity issuer = pki_.root();
  for (int i = 0; i < 17; ++i)
    issuer = TestPki::IssueFrom(issuer, testing::CertificateOptions::Ca("Middle " + std::to_string(i)));
  const auto alice = TestPki::IssueFrom(issuer, {.common_name = "alice"});
  std::string chain;
  for (const Certificate& certificate : alice.issuers) chain += certificate.ToPem();
  hsm.Import(alice, {.id = "\x01", .label = "a"});
  const auto result = RunSignet({"list", "--module", SoftHsm::module_path(), "--json", "--set",
                                 "chain-file=" + directory_.Write("chain.pem", chain)},
                                hsm.environment());
  EXPECT_EQ(result.exit_status, 0) << result.err;
  const auto document = JsonOf(result);
  EXPECT_EQ(document["identities"].size(), 1u);
  ASSERT_EQ(document["problems"].size(), 1u) << result.out;
  EXPECT_EQ(document["problems"][0]["what"], "too-costly");
}

TEST_F(List, AWarningOfTheEnvironmentIsWrapped) {
  const auto result = RunSignet({"list", File("a.p12", pki_.Issue({})) + "?pin-value=secret"},
                                {{"SIGNET_PKCS11_MODULE_PTH", "x"}, {"COLUMNS", "60"}});
  EXPECT_THAT(result.err, HasSubstr("SIGNET_PKCS11_MODULE_PTH does not match any"));
  for (std::size_t at = 0; at < result.err.size();) {
    const std::size_t end = std::min(result.err.find('\n', at), result.err.size());
    EXPECT_LE(end - at, 60u) << result.err;
    at = end + 1;
  }
}

TEST_F(List, AMisspeltSettingInOpenSslConfIsWarnedOf) {
  const std::string conf = directory_.Write(
      "openssl.cnf",
      "openssl_conf = i\n[i]\nproviders = p\n[p]\nsignet = s\n[s]\nmodule = signet\nmax-sesions = 3\n");
  const auto result =
      RunSignet({"list", File("a.p12", pki_.Issue({})) + "?pin-value=secret"}, {{"OPENSSL_CONF", conf}});
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_THAT(result.err, ::testing::AllOf(HasSubstr("unknown setting max-sesions"),
                                           HasSubstr("Did you mean max-sessions?")));
}

TEST_F(List, ValidIdentityHasNoNotes) {
  SoftHsm hsm;
  hsm.Import(pki_.Issue({.common_name = "alice"}), {.id = "\x01", .label = "a"});
  const auto token = RunSignet({"list", "--module", SoftHsm::module_path()}, hsm.environment());
  EXPECT_THAT(token.out, ::testing::AllOf(HasSubstr("client   fit"), Not(HasSubstr("note"))));
  EXPECT_EQ(token.err, "");
}

TEST_F(List, APlainPathAndAnIdInHexadecimalAreTaken) {
  File("alice.p12", pki_.Issue({.common_name = "alice"}));
  for (const char* verb : {"list", "show", "pem", "doctor"}) {
    const auto result = RunSignet({verb, directory_.path() + "/alice.p12?pin-value=secret"});
    EXPECT_EQ(result.exit_status == 0 || std::string(verb) == "doctor", true) << verb << result.err;
  }
  SoftHsm hsm;
  hsm.Import(pki_.Issue({.common_name = "bob"}), {.id = "\x01", .label = "b"});
  for (const char* uri : {"id=01", "pkcs11:id=01", "PKCS11:token=signet-test;id=01"}) {
    const auto result = RunSignet({"show", uri, "--module", SoftHsm::module_path()}, hsm.environment());
    EXPECT_EQ(result.exit_status, 0) << uri << result.err;
    EXPECT_THAT(result.out, HasSubstr("CN=bob"));
  }
  const auto removal =
      RunSignet({"token", "remove", hsm.TokenUri() + ";id=01", "--yes", "--module", SoftHsm::module_path(),
                 "--pin-source", "file:" + directory_.Write("pin", hsm.pin())},
                hsm.environment());
  EXPECT_EQ(removal.exit_status, 1) << "what is removed is never guessed";
  EXPECT_THAT(removal.err, HasSubstr("id=%01"));
}

}  // namespace
}  // namespace signet

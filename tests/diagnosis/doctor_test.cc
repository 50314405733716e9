// What can be wrong with modules, tokens, identities and files, each made for the test.
#include "applications/signet_command.h"
#include "diagnosis/doctor_fixture.h"
#include "pkcs12/der.h"
#include <signet/testing/soft_hsm.h>
#include <signet/testing/test_pki.h>
#include <signet/testing/wrapped_module.h>

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace signet {
namespace {

using std::chrono::hours;
using testing::CertificateOptions;
using ::testing::HasSubstr;
using testing::SoftHsm;
using testing::TestPki;
using testing::WrappedModule;

constexpr unsigned long kCountLow = 0x10000;  // CKF_USER_PIN_*
constexpr unsigned long kFinalTry = 0x20000;
constexpr unsigned long kLocked = 0x40000;
constexpr unsigned long kPinSet = 0x8;

class Doctor : public DoctorFixture {
 protected:
  std::string File(const std::string& name, const testing::TestIdentity& identity,
                   const testing::Pkcs12Options& options = {}) const {
    return "pkcs12:" + directory_.Write(name, testing::MakePkcs12(identity, options)) + "?pin-value=secret";
  }
  testing::TestIdentity Issue(hours left) const {
    return pki_.Issue({.not_before = std::chrono::system_clock::now() - hours(100),
                       .not_after = std::chrono::system_clock::now() + left});
  }

  TestPki pki_{[] {
    auto root = CertificateOptions::Ca("Root");
    root.not_after = std::chrono::system_clock::now() + hours(24 * 1000);
    return root;
  }()};
};

TEST_F(Doctor, VariableThatIsNoSettingIsBadAndItsValueNotShown) {
  const auto lines = Run({}, {{"SIGNET_TOKN_PIN", "918273"}});
  Expect(lines, "bad", "SIGNET_TOKN_PIN does not match any setting", "Did you mean SIGNET_TOKEN_PIN?");
  for (const FoundLine& line : lines) EXPECT_EQ((line.detail + line.hint).find("918273"), std::string::npos);
}

TEST_F(Doctor, MissingAndInvalidModulesAreBad) {
  Expect(Run({"--module", "/nowhere/module.so"}), "bad", "no PKCS#11 module at /nowhere/module.so");
  const std::string text = directory_.Write("module.so", "not a library");
  Expect(Run({"--module", text}), "bad", "cannot be loaded as a PKCS#11 module");
}

TEST_F(Doctor, ModuleWithoutTokenIsNoted) {
  const auto lines = Run({});
  Expect(lines, "ok", "works, with");
  ExpectNoneBad(lines);
}

TEST_F(Doctor, PinStatesOfATokenAreShownWithoutALogin) {
  const SoftHsm hsm({.label = "doctor-card"});
  WrappedModule module(hsm);
  module_ = module.path();
  Expect(Run({}), "ok", "token doctor-card: ready");
  module.Set({.token_flags_set = kCountLow});
  Expect(Run({}), "note", "a wrong PIN was entered since");
  module.Set({.token_flags_set = kCountLow | kFinalTry});
  Expect(Run({}), "bad", "token doctor-card: one more wrong PIN locks it", "allow-final-try");
  module.Set({.token_flags_set = kLocked});
  Expect(Run({}), "bad", "token doctor-card: its PIN is locked", "PUK");
  module.Set({.token_flags_clear = kPinSet});
  Expect(Run({}), "bad", "has no user PIN yet", "signet token set-pin");
  module.Set({.reader_pin = "1234"});
  Expect(Run({}), "ok", "the reader asks for the PIN on its PIN pad");
  EXPECT_EQ(module.Count("C_Login"), 0U);
}

TEST_F(Doctor, ModuleThatCannotStartIsBad) {
  const SoftHsm hsm;
  WrappedModule module(hsm, {.faults = {{.function = "C_Initialize", .result = 0x5, .times = 0}}});
  module_ = module.path();
  Expect(Run({}), "bad", "cannot be initialised");
}

TEST_F(Doctor, ExpiryOfEveryIdentityIsShown) {
  Expect(Run({File("fine.p12", Issue(hours(24 * 90)))}), "ok", "CN=alice");
  Expect(Run({File("soon.p12", Issue(hours(24 * 29)))}), "note", "expires soon", "Renew it in time");
  Expect(Run({File("gone.p12", Issue(-hours(1)))}), "bad", "the certificate expired on", "Renew it");
  const auto middle = TestPki::IssueFrom(pki_.root(), CertificateOptions::Ca("Old Middle").Expired());
  Expect(Run({File("middle.p12", TestPki::IssueFrom(middle, {}))}), "bad", "its issuer CN=Old Middle");
}

TEST_F(Doctor, PinSourceForFilesIsSentToNoToken) {
  SoftHsm hsm;
  hsm.Import(Issue(hours(24 * 90)), {});
  WrappedModule module(hsm);
  module_ = module.path();
  const std::string file = directory_.Write("alice.p12", "no such file, but a name");
  const std::string password = "file:" + directory_.Write("password", "secret");
  Run({file, "--pin-source", password});
  EXPECT_EQ(module.Count("C_Login"), 0U);
  const std::string pin = "file:" + directory_.Write("pin", hsm.pin());
  Run({"--pin-source", pin});
  EXPECT_GE(module.Count("C_Login"), 1U);
}

TEST_F(Doctor, ExpiryOnATokenIsShownWithoutALogin) {
  SoftHsm hsm;
  hsm.Import(Issue(-hours(1)), {});
  WrappedModule module(hsm);
  module_ = module.path();
  Expect(Run({}), "bad", "the certificate expired on");
  EXPECT_EQ(module.Count("C_Login"), 0U);
}

TEST_F(Doctor, WrongPasswordAndMissingFileAreBad) {
  const std::string uri = File("a.p12", Issue(hours(24 * 90)));
  Expect(Run({uri.substr(0, uri.find('?')) + "?pin-value=wrong"}), "bad", "wrong-password");
  Expect(Run({"pkcs12:/nowhere/file.p12"}), "bad", "unreadable");
  Expect(Run({"pkcs13:/nowhere"}), "bad", "bad-uri");
}

TEST_F(Doctor, KeyOfAnotherCertificateIsBad) {
  auto identity = Issue(hours(24 * 90));
  identity.private_key = Issue(hours(1)).private_key;
  const std::string uri = File("mixed.p12", identity);
  Expect(Run({uri}), "bad", "key-certificate-mismatch");
  const auto listed = RunSignet({"list", uri});
  EXPECT_EQ(listed.exit_status, 1);
  EXPECT_THAT(listed.err, HasSubstr("does not belong"));
}

TEST_F(Doctor, Rc2FileLoadsAndProgramsThatCannotReadItAreNamed) {
  const std::string uri =
      File("old.p12", Issue(hours(24 * 90)),
           {.key_cipher = "PBE-SHA1-3DES", .certificate_cipher = "PBE-SHA1-RC2-40", .mac_digest = "SHA1"});
  const auto lines = Run({uri});
  Expect(lines, "note", "40-bit RC2", "openssl pkcs12");
  Expect(lines, "ok", "CN=alice");
  const auto listed = RunSignet({"list", uri});
  EXPECT_EQ(listed.exit_status, 0);
  EXPECT_THAT(listed.out,
              ::testing::AllOf(HasSubstr("note     it uses 40-bit RC2"), HasSubstr("openssl pkcs12")));
  const auto printed =
      testing::RunProgram({.argv = {"openssl", "pkcs12", "-in", directory_.path() + "/old.p12", "-passin",
                                    "pass:secret", "-nodes"}});
  const auto explained = RunSignet({"doctor", "--symptom", printed.err});
  EXPECT_THAT(explained.out, HasSubstr("RC2-40")) << printed.err;
}

TEST_F(Doctor, MacVerifyErrorIsAWrongPasswordOrPbmac1) {
  File("a.p12", Issue(hours(24 * 90)));
  const auto printed = testing::RunProgram({.argv = {"openssl", "pkcs12", "-in", directory_.path() + "/a.p12",
                                                     "-passin", "pass:wrong", "-nodes"}});
  const auto explained = RunSignet({"doctor", "--symptom", printed.err});
  EXPECT_THAT(explained.out, HasSubstr("password of the PKCS#12 file is wrong, or its MAC is PBMAC1"))
      << printed.err;
  const auto alice = Issue(hours(24 * 90));
  const der::Value content = der::Sequence(
      {der::SafeContents({der::KeyBag(alice.private_key), der::CertificateBag(alice.certificate)})});
  const std::string file =
      directory_.Write("pbmac1.p12", der::Pfx(content, der::Pbmac1(content, "secret", 32)));
  const auto lines = Run({"pkcs12:" + file + "?pin-value=secret"});
  Expect(lines, "ok", "CN=alice");
  Expect(lines, "note", "PBMAC1", "without -pbmac1_pbkdf2");
}

class DoctorPem : public Doctor {
 protected:
  std::string Pem(const std::string& label, const std::string& uri) const {
    const std::string version = "PKCS#11 Provider URI v1.0";
    const auto tlv = [](std::uint8_t tag, const std::string& text) {
      return der::Tlv(tag, {der::Value(text.begin(), text.end())});
    };
    const der::Value body = der::Sequence({tlv(0x1a, version), tlv(0x0c, uri)});
    const auto der_file = directory_.Write("uri.der", body);
    const auto base64 = testing::RunProgram({.argv = {"openssl", "base64", "-in", der_file}});
    return directory_.Write("key.pem",
                            fmt::format("-----BEGIN {0}-----\n{1}-----END {0}-----\n", label, base64.out));
  }
};

TEST_F(DoctorPem, FileThatPointsToAnIdentityIsFollowed) {
  const std::string uri = File("a.p12", Issue(hours(24 * 90)));
  for (const char* label : {"SIGNET URI", "PKCS#11 PROVIDER URI"}) {
    Expect(Run({"--pem", Pem(label, uri)}), "ok", "which exists");
  }
}

TEST_F(DoctorPem, FileThatPointsToATokensKeyIsFollowed) {
  SoftHsm hsm({.label = "pem-card"});
  hsm.Import(Issue(hours(24 * 90)), {.id = "\x05"});
  WrappedModule module(hsm);
  module_ = module.path();
  Expect(Run({"--pem", Pem("PKCS#11 PROVIDER URI", hsm.ObjectUri("\x05"))}), "ok", "which exists");
  Expect(Run({"--pem", Pem("PKCS#11 PROVIDER URI", hsm.ObjectUri("\x06"))}), "bad",
         "points to pkcs11:", "signet list");
  module.RemoveToken();
  Expect(Run({"--pem", Pem("PKCS#11 PROVIDER URI", hsm.ObjectUri("\x05"))}), "bad", "points to pkcs11:");
}

TEST_F(DoctorPem, PinInTheUriIsNotShown) {
  const auto lines = Run({"--pem", Pem("SIGNET URI", "pkcs12:/nowhere/file.p12?pin-value=918273")});
  Expect(lines, "bad", "points to pkcs12:/nowhere/file.p12: ");
  for (const FoundLine& line : lines) EXPECT_EQ((line.detail + line.hint).find("918273"), std::string::npos);
}

TEST_F(DoctorPem, FilesThatPointToNothing) {
  Expect(Run({"--pem", "/nowhere/key.pem"}), "bad", "/nowhere/key.pem");
  Expect(Run({"--pem", directory_.Write("empty.pem", "no PEM at all\n")}), "bad", "contains no PEM block");
  const std::string damaged = "-----BEGIN SIGNET URI-----\nMAA=\n-----END SIGNET URI-----\n";
  Expect(Run({"--pem", directory_.Write("damaged.pem", damaged)}), "bad", "is damaged", "signet pem URI");
  Expect(Run({"--pem", Pem("SIGNET URI", "pkcs11:tokn=x")}), "bad", "points to pkcs11:tokn=x");
  const auto plain = directory_.Write("plain.pem", Issue(hours(1)).PrivateKeyPem());
  Expect(Run({"--pem", plain}), "note", "does not point to a key: it contains PRIVATE KEY");
}

// pkcs11-provider and OpenSSL say no more than this where the module of a PEM key file is missing.
TEST_F(DoctorPem, DecoderComplaintIsExplained) {
  const std::string pem = Pem("PKCS#11 PROVIDER URI", "pkcs11:token=nowhere;object=key");
  const auto printed = testing::RunProgram(
      {.argv = {"openssl", "pkey", "-in", pem, "-noout"}, .environment = {{"OPENSSL_CONF", "/dev/null"}}});
  EXPECT_NE(printed.exit_status, 0);
  const auto explained = RunSignet({"doctor", "--symptom", printed.err});
  EXPECT_THAT(explained.out, HasSubstr("no active OpenSSL provider reads this key file")) << printed.err;
  Expect(Run({"--pem", pem}), "bad", "points to pkcs11:token=nowhere");
}

}  // namespace
}  // namespace signet

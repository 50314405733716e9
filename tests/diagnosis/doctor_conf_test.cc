// What can be wrong with an openssl.cnf, each in a file of its own.
#include "applications/signet_command.h"
#include "diagnosis/doctor_fixture.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <sys/stat.h>

namespace signet {
namespace {

class DoctorConf : public DoctorFixture {
 protected:
  // Conf writes an openssl.cnf with this list of providers and these lines for signet.
  std::string Conf(const std::string& providers, const std::string& signet_lines,
                   const std::string& default_lines = "activate = 1\n") const {
    return fmt::format(
        "openssl_conf = init\n[init]\nproviders = "
        "providers\n[providers]\n{}[default_section]\n{}[signet_section]\n"
        "module = {}\n{}",
        providers, default_lines, provider_, signet_lines);
  }
  static constexpr const char* kBoth = "default = default_section\nsignet = signet_section\n";
};

TEST_F(DoctorConf, CorrectFileHasNoFindings) {
  const auto lines = Run({});
  ExpectNoneBad(lines);
  Expect(lines, "ok", "signet and default are both active");
}

TEST_F(DoctorConf, DefaultThatIsNotListedIsBad) {
  Expect(RunConf(Conf("signet = signet_section\n", "activate = 1\n")), "bad", "default is not",
         "Add default");
}

TEST_F(DoctorConf, DefaultThatIsListedButNotActivatedIsBad) {
  Expect(RunConf(Conf(kBoth, "activate = 1\n", "# activate = 1\n")), "bad", "default is not", "activate = 1");
}

TEST_F(DoctorConf, SignetThatIsNotActivatedIsBad) {
  Expect(RunConf(Conf(kBoth, "")), "bad", "configured but not active", "activate = 1");
}

TEST_F(DoctorConf, SignetThatIsMissingIsBadInAFileThatWasNamed) {
  Expect(RunConf(Conf("default = default_section\n", "")), "bad", "signet is not configured",
         "Add a section");
}

TEST_F(DoctorConf, OrderOfTheProvidersIsFree) {
  ExpectNoneBad(RunConf(Conf("signet = signet_section\ndefault = default_section\n", "activate = 1\n")));
}

TEST_F(DoctorConf, MisspeltSettingIsBadAndTheCorrectNameIsSuggested) {
  Expect(RunConf(Conf(kBoth, "activate = 1\npkcs11-module-pth = /x.so\n")), "bad",
         "unknown setting pkcs11-module-pth", "Did you mean pkcs11-module-path?");
}

TEST_F(DoctorConf, IgnoredSettingOfPkcs11ProviderIsNoted) {
  for (const char* name :
       {"quirks", "allow-export", "cache-keys", "cache-pins", "block-operations", "assume-fips"}) {
    const auto lines = RunConf(Conf(kBoth, fmt::format("activate = 1\npkcs11-module-{} = x\n", name)));
    Expect(lines, "note",
           fmt::format("pkcs11-module-{} is a setting of pkcs11-provider that Signet ignores", name));
    ExpectNoneBad(lines);
  }
}

TEST_F(DoctorConf, ValueThatASettingCannotHaveIsBad) {
  Expect(RunConf(Conf(kBoth, "activate = 1\npkcs11-module-login-behavior = sometimes\n")), "bad",
         "pkcs11-module-login-behavior has an invalid value", "auto, always or never");
}

TEST_F(DoctorConf, LoadIsASettingAlsoByItsLongName) {
  for (const char* line : {"load = activation\n", "pkcs11-module-load-behavior = early\n"}) {
    const auto lines = RunConf(Conf(kBoth, fmt::format("activate = 1\n{}", line)));
    ExpectNoneBad(lines);
  }
  Expect(RunConf(Conf(kBoth, "activate = 1\nload = sometimes\n")), "bad", "load", "first-use or activation");
}

TEST_F(DoctorConf, MissingPkcs11ModuleIsBad) {
  Expect(RunConf(Conf(kBoth, "activate = 1\npkcs11-module-path = /nowhere/module.so\n")), "bad",
         "/nowhere/module.so, which does not exist", "Give the path of the token's PKCS#11 module");
}

TEST_F(DoctorConf, MissingProviderModuleIsBad) {
  provider_ = "/nowhere/signet.so";
  Expect(RunConf(Conf(kBoth, "activate = 1\n")), "bad", "module /nowhere/signet.so does not exist",
         "Install signet.so");
}

TEST_F(DoctorConf, PinThatEveryUserMayReadIsBadAndNotShown) {
  const std::string path =
      directory_.Write("open.cnf", Conf(kBoth, "activate = 1\npkcs11-module-token-pin = 918273\n"), 0644);
  const auto lines = Run({"--openssl-conf", path});
  Expect(lines, "bad", "pkcs11-module-token-pin contains a PIN", "file:PATH");
  for (const FoundLine& line : lines) EXPECT_EQ((line.detail + line.hint).find("918273"), std::string::npos);
  ASSERT_EQ(chmod(path.c_str(), 0600), 0);
  ExpectNoneBad(Run({"--openssl-conf", path}));
}

TEST_F(DoctorConf, IncludedFileIsRead) {
  const std::string included = directory_.Write(
      "signet.cnf", Conf("signet = signet_section\n", "activate = 1\npkcs11-module-quirk = x\n"));
  const auto lines = RunConf(fmt::format(".include {}\n", included));
  Expect(lines, "bad", "unknown setting pkcs11-module-quirk", "Did you mean pkcs11-module-quirks?");
  Expect(lines, "bad", "default is not");
}

TEST_F(DoctorConf, FragmentAfterOpenSslsFileIsCorrectAndSettingsAfterItAreChecked) {
  const std::string own = "openssl_conf = openssl_init\n[openssl_init]\n[ca]\ndefault_ca = x\n";
  const std::string below =
      fmt::format(".include " SIGNET_TEST_FRAGMENT "\n[signet_sect]\nmodule = {}\n", provider_);
  const auto lines = RunConf(own + below);
  ExpectNoneBad(lines);
  Expect(lines, "ok", "signet and default are both active");
  Expect(RunConf(own + below + "pkcs11-module-pth = /x.so\n"), "bad", "unknown setting pkcs11-module-pth");
}

TEST_F(DoctorConf, LineThatOpenSslCannotReadIsNamed) {
  Expect(RunConf("openssl_conf = init\n[init\nproviders = x\n"), "bad", "from line 2 on",
         "Correct that line");
}

TEST_F(DoctorConf, FileThatIsNotThereIsBad) {
  Expect(Run({"--openssl-conf", "/nowhere/openssl.cnf"}), "bad", "the file cannot be read", "OPENSSL_CONF");
}

TEST_F(DoctorConf, FileWithoutProvidersIsBadWhereItWasNamed) {
  Expect(RunConf("[req]\nbits = 2048\n"), "bad", "no provider is configured", "openssl_conf");
}

TEST_F(DoctorConf, VariableOpensslConfIsFollowed) {
  const std::string path = directory_.Write("env.cnf", Conf("signet = signet_section\n", "activate = 1\n"));
  const auto lines = Run({}, {{"OPENSSL_CONF", path}});
  Expect(lines, "bad", path + ": a provider is active but default is not");
}

TEST_F(DoctorConf, Pkcs11ProviderIsNotedWithTheWayOver) {
  const std::string conf = Conf(std::string(kBoth) + "pkcs11 = other\n", "activate = 1\n") +
                           "[other]\nmodule = /usr/lib/ossl-modules/pkcs11.so\nactivate = 1\n";
  Expect(RunConf(conf), "note", "pkcs11-provider is active", "change only its line module = to signet.so");
}

// What a user sees in such a set-up, and the answer to it.
TEST_F(DoctorConf, ProgramsComplaintWithoutDefaultIsExplained) {
  const std::string path = directory_.Write(
      "base.cnf",
      "openssl_conf = init\n[init]\nproviders = providers\n[providers]\nbase = base_section\n"
      "[base_section]\nactivate = 1\n");
  const auto printed = testing::RunProgram(
      {.argv = {"openssl", "s_client", "-connect", "localhost:1"}, .environment = {{"OPENSSL_CONF", path}}});
  EXPECT_NE(printed.exit_status, 0);
  const auto explained = RunSignet({"doctor", "--symptom", printed.err + printed.out});
  EXPECT_EQ(explained.exit_status, 0) << printed.err;
  EXPECT_NE(explained.out.find("`default` is not active"), std::string::npos) << explained.out << printed.err;
  Expect(Run({"--openssl-conf", path}), "bad", "default is not", "Add default");
}

}  // namespace
}  // namespace signet

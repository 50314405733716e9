// The command's configuration: openssl.cnf below the environment below its options.
#include "applications/signet_command.h"
#include <signet/testing/soft_hsm.h>

#include <filesystem>

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace signet {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::SoftHsm;

// Whose call log is written tells which value was in force.
class CommandConfiguration : public ::testing::Test {
 protected:
  CommandConfiguration() { hsm_.Import(pki_.Issue({.common_name = "alice"}), {.id = "\x01", .label = "a"}); }

  std::string Log(const char* name) const { return directory_.path() + "/" + name; }
  std::string Module() const { return "pkcs11-module-path = " + SoftHsm::module_path() + "\n"; }
  // Conf writes an openssl.cnf with these lines for the provider.
  std::string Conf(const std::string& lines) const {
    return directory_.Write(
        "openssl.cnf",
        "openssl_conf = init\n[init]\nproviders = list\n[list]\nsignet = mine\n[mine]\n" + lines);
  }
  testing::ProcessResult Run(std::vector<std::string> arguments, testing::Environment more = {}) const {
    more.merge(hsm_.environment());
    return RunSignet(std::move(arguments), std::move(more));
  }
  // Written tells which of the logs exist, and removes them.
  std::vector<std::string> Written() const {
    std::vector<std::string> written;
    for (const char* name : {"file.log", "variable.log", "set.log"}) {
      if (std::filesystem::remove(Log(name))) written.emplace_back(name);
    }
    return written;
  }

  const testing::TestPki pki_;
  SoftHsm hsm_;
  testing::TemporaryDirectory directory_;
};

TEST_F(CommandConfiguration, EachPlaceOverridesTheOneBelow) {
  const std::string conf = Conf(Module() + "call-log = " + Log("file.log") + "\n");
  const std::vector<std::string> set = {"list", "--set", "call-log=" + Log("set.log")};
  const std::pair<std::string, std::string> file = {"OPENSSL_CONF", conf};
  const std::pair<std::string, std::string> variable = {"SIGNET_CALL_LOG", Log("variable.log")};
  EXPECT_EQ(Run({"list"}, {file}).exit_status, 0);
  EXPECT_THAT(Written(), ::testing::ElementsAre("file.log"));
  EXPECT_EQ(Run({"list"}, {file, variable}).exit_status, 0);
  EXPECT_THAT(Written(), ::testing::ElementsAre("variable.log"));
  EXPECT_EQ(Run(set, {file, variable}).exit_status, 0);
  EXPECT_THAT(Written(), ::testing::ElementsAre("set.log"));
}

TEST_F(CommandConfiguration, ModuleComesFromEachPlace) {
  const std::string right = SoftHsm::module_path();
  const testing::Environment wrong = {{"OPENSSL_CONF", Conf("pkcs11-module-path = /nowhere.so\n")}};
  EXPECT_EQ(Run({"list"}, wrong).exit_status, 1);
  for (const char* name : {"PKCS11_PROVIDER_MODULE", "SIGNET_MODULE", "SIGNET_PKCS11_MODULE_PATH"}) {
    auto environment = wrong;
    environment[name] = right;
    EXPECT_EQ(Run({"list"}, environment).exit_status, 0) << name;
  }
  auto environment = wrong;
  environment["SIGNET_MODULE"] = "/nowhere/else.so";
  EXPECT_EQ(Run({"list", "--set", "pkcs11-module-path=" + right}, environment).exit_status, 0);
  EXPECT_EQ(Run({"list", "--set", "module=/nowhere.so", "--module", right}, environment).exit_status, 0);
}

TEST_F(CommandConfiguration, ModuleAndPinOfOpenSslConfServeEveryVerb) {
  const std::string pin = directory_.Write("pin", hsm_.pin());
  const testing::Environment file = {
      {"OPENSSL_CONF", Conf(Module() + "pkcs11-module-token-pin = file:" + pin + "\n")}};
  const std::string uri = hsm_.ObjectUri("\x01");
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"list"},
        {"show", uri},
        {"pem", uri},
        {"token", "keygen", "--token", hsm_.label(), "--id", "07"}}) {
    const auto result = Run(arguments, file);
    EXPECT_EQ(result.exit_status, 0) << arguments.front() << result.err;
    EXPECT_EQ(result.err, "") << arguments.front();
  }
}

TEST_F(CommandConfiguration, WrongOptionIsWrongUsage) {
  for (const auto& [option, text, says] :
       std::vector<std::array<const char*, 3>>{{"--set", "max-session=3", "Did you mean max-sessions?"},
                                               {"--set", "max-sessions", "name=value"},
                                               {"--set", "max-sessions=s3cret", "Use a whole number."},
                                               {"--set", "token-pin=|cat s3cret", "command"},
                                               {"--pin-source", "s3cret", "file:PATH"},
                                               {"--pin-source", "|cat s3cret", "command"},
                                               {"--pin-source", "fd:s3cret", "descriptor"}}) {
    const auto result = RunSignet({"list", option, text});
    EXPECT_EQ(result.exit_status, 2) << text;
    EXPECT_THAT(result.err, HasSubstr(says));
    EXPECT_THAT(result.err, Not(HasSubstr("s3cret")));
  }
}

TEST_F(CommandConfiguration, WrongValueElsewhereNamesItsPlace) {
  const std::string conf = Conf("max-sessions = s3cret\n");
  for (const auto& [environment, place] : std::vector<std::pair<testing::Environment, std::string>>{
           {{{"OPENSSL_CONF", conf}}, "openssl.cnf " + conf + " [mine]"},
           {{{"SIGNET_MAX_SESSIONS", "s3cret"}}, "the variable SIGNET_MAX_SESSIONS"}}) {
    const auto result = RunSignet({"list"}, environment);
    EXPECT_EQ(result.exit_status, 1);
    EXPECT_THAT(result.err, HasSubstr(place));
    EXPECT_THAT(result.err, Not(HasSubstr("s3cret")));
    EXPECT_EQ(JsonOf(RunSignet({"list", "--json"}, environment))["problems"][0]["what"], "bad-setting");
    EXPECT_EQ(
        Run({"list", "--set", "max-sessions=3", "--module", SoftHsm::module_path()}, environment).exit_status,
        0)
        << "an overridden value does no harm";
  }
}

TEST_F(CommandConfiguration, UnknownVariableIsWarnedOfOnStandardError) {
  const auto result =
      Run({"list", "--module", SoftHsm::module_path(), "--json"}, {{"SIGNET_TOKN_PIN", "918273"}});
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_EQ(result.err,
            "signet: warning: SIGNET_TOKN_PIN does not match any setting. Did you mean SIGNET_TOKEN_PIN?\n");
  EXPECT_EQ(JsonOf(result)["identities"].size(), 1u);
}

TEST_F(CommandConfiguration, VariableThatAPinSourceNamesIsNotWarnedOf) {
  const testing::Environment pin = {{"SIGNET_MY_PIN", hsm_.pin()}};
  const std::string uri = hsm_.ObjectUri("\x01");
  for (const std::vector<std::string>& more : {std::vector<std::string>{"--pin-source", "env:SIGNET_MY_PIN"},
                                               {"--set", "token-pin=env:SIGNET_MY_PIN"}}) {
    std::vector<std::string> arguments = {"show", uri, "--module", SoftHsm::module_path()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    EXPECT_EQ(Run(arguments, pin).err, "");
  }
  auto configured = pin;
  configured["SIGNET_TOKEN_PIN"] = "env:SIGNET_MY_PIN";
  EXPECT_EQ(Run({"show", uri, "--module", SoftHsm::module_path()}, configured).err, "");
  EXPECT_EQ(
      Run({"show", uri + "?pin-source=env%3ASIGNET_MY_PIN", "--module", SoftHsm::module_path()}, pin).err,
      "");
}

TEST_F(CommandConfiguration, BrokenOpenSslConfIsWarnedOfAndCountsAsNone) {
  const std::string conf = directory_.Write("openssl.cnf", "[broken\n");
  const auto result = Run({"list", "--module", SoftHsm::module_path()}, {{"OPENSSL_CONF", conf}});
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_THAT(result.err, HasSubstr("warning: openssl.cnf " + conf));
}

TEST_F(CommandConfiguration, DescriptorFromAnyPlaceIsReadOnce) {
  const std::string pin = directory_.Write("pin", hsm_.pin());
  const std::string conf = Conf(Module() + "pkcs11-module-token-pin = fd:3\n");
  for (const std::string& place : {"OPENSSL_CONF=" + conf + " ",
                                   "SIGNET_TOKEN_PIN=fd:3 SIGNET_MODULE=" + SoftHsm::module_path() + " "}) {
    const std::string id = place.starts_with("OPENSSL_CONF") ? "31" : "32";
    const std::string line = place + SIGNET_COMMAND + " token keygen --id " + id + " 3<" + pin;
    const auto result = testing::RunProgram(
        {.argv = {"setsid", "--wait", "sh", "-c", line}, .environment = hsm_.environment()});
    EXPECT_EQ(result.exit_status, 0) << place << result.err;
  }
}

TEST_F(CommandConfiguration, DescriptorThatIsNotOpenMattersOnlyWhereItIsRead) {
  const testing::Environment file = {{"OPENSSL_CONF", Conf(Module() + "pkcs11-module-token-pin = fd:987\n")}};
  const std::string p12 = directory_.Write("a.p12", testing::MakePkcs12(pki_.Issue({})));
  EXPECT_EQ(Run({"list", "pkcs12:" + p12 + "?pin-value=secret"}, file).exit_status, 0);
  const auto result = Run({"token", "keygen", "--id", "31"}, file);
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, HasSubstr("descriptor 987"));
}

}  // namespace
}  // namespace signet

// Where each setting comes from.
#include "applications/signet_command.h"
#include "diagnosis/doctor_fixture.h"
#include <signet/testing/soft_hsm.h>
#include <signet/testing/test_pki.h>

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace signet {
namespace {

using ::testing::HasSubstr;
using testing::SoftHsm;

class DoctorSettings : public DoctorFixture {
 protected:
  std::string Conf(const std::string& lines) const {
    return directory_.Write(
        "openssl.cnf",
        fmt::format("openssl_conf = init\n[init]\nproviders = list\n[list]\ndefault = d\nsignet = "
                    "mine\n[d]\nactivate = 1\n[mine]\nmodule = {}\nactivate = 1\n{}",
                    provider_, lines));
  }
  static nlohmann::json Setting(const testing::ProcessResult& result, const std::string& name) {
    const auto document = JsonOf(result);
    for (const auto& row : document.at("settings")) {
      if (row.at("name") == name) return row;
    }
    ADD_FAILURE() << name << result.out;
    return {};
  }
};

TEST_F(DoctorSettings, PlaceOfEachValueIsShown) {
  const std::string conf = Conf("max-sessions = 3\nsession-idle-ms = 5\ncall-timeout-ms = 7\n");
  const auto lines =
      Run({"--openssl-conf", conf, "--set", "call-timeout-ms=8"}, {{"SIGNET_SESSION_IDLE_MS", "6"}});
  Expect(lines, "ok", "setting pkcs11-module-cache-sessions: 3, from openssl.cnf " + conf + " [mine]");
  Expect(
      lines, "ok",
      "setting session-idle-ms: 6, from the variable SIGNET_SESSION_IDLE_MS; overrides openssl.cnf " + conf);
  Expect(lines, "ok", "setting call-timeout-ms: 8, from --set; overrides openssl.cnf " + conf);
  Expect(lines, "ok", "setting pkcs11-module-path: " + module_ + ", from --module");
  Expect(lines, "ok", "settings: all other settings have their defaults");
}

TEST_F(DoctorSettings, JsonHasEverySettingWithItsPlace) {
  const std::string conf = Conf("max-sessions = 3\n");
  const auto result = RunSignet({"doctor", "--json", "--openssl-conf", conf}, {{"SIGNET_MAX_SESSIONS", "4"}});
  const auto row = Setting(result, "pkcs11-module-cache-sessions");
  EXPECT_EQ(row["place"], "environment");
  EXPECT_EQ(row["values"][0]["value"], "4");
  EXPECT_EQ(row["values"][0]["where"], "SIGNET_MAX_SESSIONS");
  EXPECT_EQ(row["overridden"][0]["place"], "openssl.cnf");
  EXPECT_EQ(row["overridden"][0]["where"], conf + " [mine]");
  EXPECT_EQ(Setting(result, "chain-file")["place"], "default");
}

TEST_F(DoctorSettings, ModuleAndPinOfOpenSslConfAloneAreSeen) {
  SoftHsm hsm({.label = "conf-card"});
  hsm.Import(
      testing::TestPki().Issue({.not_after = std::chrono::system_clock::now() + std::chrono::hours(2400)}),
      {});
  const std::string pin = directory_.Write("pin", hsm.pin());
  const std::string conf = Conf(fmt::format("pkcs11-module-path = {}\npkcs11-module-token-pin = file:{}\n",
                                            SoftHsm::module_path(), pin));
  auto environment = hsm.environment();
  environment["OPENSSL_CONF"] = conf;
  const auto result = RunSignet({"doctor"}, environment);
  EXPECT_THAT(result.out, HasSubstr("setting pkcs11-module-token-pin: file:" + pin));
  EXPECT_THAT(result.out, HasSubstr("token conf-card: ready"));
  EXPECT_THAT(result.out, HasSubstr("CN=alice"));
  EXPECT_EQ(result.exit_status, 0) << result.out;
}

TEST_F(DoctorSettings, PinIsNotShown) {
  const auto result = RunSignet({"doctor", "--json", "--openssl-conf", Conf("token-pin = 918273\n")});
  EXPECT_EQ(Setting(result, "pkcs11-module-token-pin")["values"][0]["value"], "a PIN");
  EXPECT_THAT(result.out, ::testing::Not(HasSubstr("918273")));
}

TEST_F(DoctorSettings, BadValueOfAPlaceIsAFindingAndNotTheEnd) {
  const auto lines = Run({}, {{"SIGNET_MAX_SESSIONS", "many"}});
  Expect(lines, "bad", "environment: the setting max-sessions has an invalid value");
  Expect(lines, "ok", "works, with");
  const std::string conf = Conf("max-sessions = many\n");
  Expect(Run({"--openssl-conf", conf}), "bad", "the setting max-sessions has an invalid value");
  EXPECT_EQ(RunSignet({"doctor", "--set", "max-sessions=many"}).exit_status, 2);
}

TEST_F(DoctorSettings, ModuleThatAVariableNamesAndIsNotThereIsBad) {
  for (const std::string name : {"PKCS11_PROVIDER_MODULE", "SIGNET_MODULE", "SIGNET_PKCS11_MODULE_PATH"}) {
    const auto result = RunSignet({"doctor", "--openssl-conf", healthy_}, {{name, "/nowhere/module.so"}});
    EXPECT_EQ(result.exit_status, 1);
    EXPECT_THAT(result.out, HasSubstr(name + " names /nowhere/module.so, which does not exist"));
  }
}

TEST_F(DoctorSettings, UnknownVariableIsAFindingOnly) {
  const auto result = RunSignet({"doctor", "--openssl-conf", healthy_}, {{"SIGNET_TOKN_PIN", "1"}});
  EXPECT_THAT(result.out, HasSubstr("SIGNET_TOKN_PIN does not match any setting"));
  EXPECT_EQ(result.err, "");
}

}  // namespace
}  // namespace signet

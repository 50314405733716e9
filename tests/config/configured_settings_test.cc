// What a C++ program that brings no settings has.
#include "config/scoped_environment.h"
#include <signet/configuration.h>
#include <signet/identity_source.h>
#include <signet/testing/soft_hsm.h>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ConfiguredSettingsOf : public ::testing::Test {
 protected:
  std::string Conf(std::string_view lines, const char* name = "openssl.cnf") const {
    return directory_.Write(
        name, fmt::format("openssl_conf = init\n[init]\nproviders = list\n[list]\nsignet = mine\n[mine]\n{}",
                          lines));
  }

  testing::TemporaryDirectory directory_;
};

TEST_F(ConfiguredSettingsOf, FileAloneAreThoseOfTheFile) {
  const ScopedEnvironment variables{{"OPENSSL_CONF", Conf("call-log = file.log\n")}};
  EXPECT_EQ(ConfiguredSettings().call_log, "file.log");
}

TEST_F(ConfiguredSettingsOf, EnvironmentOverridesTheFile) {
  const ScopedEnvironment variables{{"OPENSSL_CONF", Conf("call-log = file.log\nmax-sessions = 3\n")},
                                    {"SIGNET_CALL_LOG", "variable.log"}};
  EXPECT_EQ(ConfiguredSettings().call_log, "variable.log");
  EXPECT_EQ(ConfiguredSettings().max_sessions, 3u);
}

TEST_F(ConfiguredSettingsOf, BadValueNamesItsPlace) {
  const ScopedEnvironment file{{"OPENSSL_CONF", Conf("max-sessions = many\n")}};
  for (const auto& [variable, place] : std::vector<std::pair<std::string, std::string>>{
           {"SIGNET_CALL_LOG", "openssl.cnf [mine]"},
           {"SIGNET_MAX_SESSIONS", "the variable SIGNET_MAX_SESSIONS"}}) {
    const ScopedEnvironment environment{{variable, "x"}};
    try {
      const IdentitySource source;
      ADD_FAILURE() << variable;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBadSetting);
      EXPECT_THAT(error.detail(), HasSubstr(place));
    }
  }
}

TEST_F(ConfiguredSettingsOf, FileThatOpenSslCannotReadAreIgnored) {
  const ScopedEnvironment variables{{"OPENSSL_CONF", directory_.Write("broken.cnf", "[broken\n")},
                                    {"SIGNET_CALL_LOG", "variable.log"}};
  EXPECT_EQ(ConfiguredSettings().call_log, "variable.log");
}

TEST_F(ConfiguredSettingsOf, UnknownVariableAreIgnored) {
  const ScopedEnvironment variables{{"OPENSSL_CONF", "/dev/null"}, {"SIGNET_TOKN_PIN", "1"}};
  ::testing::internal::CaptureStderr();
  ::testing::internal::CaptureStdout();
  EXPECT_NO_THROW(ConfiguredSettings());
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(::testing::internal::GetCapturedStdout(), "");
}

TEST_F(ConfiguredSettingsOf, SourceWithoutSettingsFindModuleAndPin) {
  testing::SoftHsm hsm;
  const testing::TestPki pki;
  hsm.Import(pki.Issue({}), {.id = "\x01", .label = "alice"});
  hsm.UseInThisProcess();
  const std::string pin = directory_.Write("pin", hsm.pin());
  const ScopedEnvironment variables{
      {"OPENSSL_CONF", Conf(fmt::format("pkcs11-module-path = {}\npkcs11-module-token-pin = file:{}\n",
                                        testing::SoftHsm::module_path(), pin))}};
  const Identity identity = IdentitySource().Open(hsm.ObjectUri("\x01"));
  identity.key()->Unlock();  // throws without the PIN
  EXPECT_FALSE(identity.key()->locked());
}

}  // namespace
}  // namespace signet

#include "config/environment.h"

#include "config/scoped_environment.h"
#include "settings/setting_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Configuration FromEnvironment() {
  Configuration configuration;
  AddEnvironment(configuration);
  return configuration;
}

TEST(Environment, VariableIsTheNameInCapitals) {
  EXPECT_EQ(VariableOf("pkcs11-module-path"), "SIGNET_PKCS11_MODULE_PATH");
  EXPECT_EQ(VariableOf("max-sessions"), "SIGNET_MAX_SESSIONS");
  EXPECT_EQ(VariableOf("signet-config"), "SIGNET_CONFIG");
}

TEST(Environment, EverySettingIsReadFromItsVariable) {
  for (const std::string_view name : SettingNames()) {
    if (MeaningOf(name) != SettingMeaning::kHonoured) continue;
    // A value that none takes shows which setting it was read for.
    const ScopedEnvironment variable{{VariableOf(name), "|"}};
    const Configuration configuration = FromEnvironment();
    ASSERT_EQ(configuration.values().size(), 1u) << name;
    EXPECT_EQ(configuration.values().front().setting, StandardName(name)) << name;
    EXPECT_EQ(configuration.values().front().place.where, VariableOf(name)) << name;
    EXPECT_THAT(UnknownVariables(), IsEmpty()) << name;
  }
}

TEST(Environment, LongNamesAreHonouredAsTheyAreDocumented) {
  const ScopedEnvironment variables{{"SIGNET_PKCS11_MODULE_PATH", "/a.so"},
                                    {"SIGNET_PKCS11_MODULE_INIT_ARGS", "x=y"},
                                    {"SIGNET_PKCS11_MODULE_TOKEN_PIN", "file:/pin"},
                                    {"SIGNET_PKCS11_MODULE_LOGIN_BEHAVIOR", "always"},
                                    {"SIGNET_PKCS11_MODULE_CACHE_SESSIONS", "5"},
                                    {"SIGNET_PKCS11_MODULE_ENCODE_PROVIDER_URI_TO_PEM", "true"}};
  const Configuration configuration = FromEnvironment();
  const Settings& settings = configuration.settings();
  EXPECT_THAT(settings.modules, ElementsAre("/a.so"));
  EXPECT_EQ(settings.module_init_args, "x=y");
  EXPECT_EQ(settings.token_pin.description(), "file:/pin");
  EXPECT_EQ(settings.login_behavior, Settings::LoginBehavior::kAlways);
  EXPECT_EQ(settings.max_sessions, 5u);
  EXPECT_TRUE(settings.encode_provider_uri_to_pem);
}

TEST(Environment, LongNameOverridesTheShortOne) {
  const ScopedEnvironment variables{{"SIGNET_TOKEN_PIN", "file:/short"},
                                    {"SIGNET_PKCS11_MODULE_TOKEN_PIN", "file:/long"}};
  EXPECT_EQ(FromEnvironment().settings().token_pin.description(), "file:/long");
}

TEST(Environment, ModuleHasThreeVariables) {
  for (const char* name : {"PKCS11_PROVIDER_MODULE", "SIGNET_MODULE", "SIGNET_PKCS11_MODULE_PATH"}) {
    const ScopedEnvironment variable{{name, "/a.so"}};
    EXPECT_THAT(FromEnvironment().settings().modules, ElementsAre("/a.so")) << name;
  }
}

TEST(Environment, ModulesOfTwoVariablesDoNotAddUp) {
  const ScopedEnvironment variables{{"PKCS11_PROVIDER_MODULE", "/peer.so"},
                                    {"SIGNET_MODULE", "/short.so"},
                                    {"SIGNET_PKCS11_MODULE_PATH", "/long.so"}};
  const Configuration configuration = FromEnvironment();
  EXPECT_THAT(configuration.settings().modules, ElementsAre("/long.so"));
  ASSERT_EQ(configuration.values().size(), 3u) << "doctor shows the overridden value";
  EXPECT_TRUE(configuration.values().back().in_force);
  EXPECT_FALSE(configuration.values().front().in_force);
}

TEST(Environment, VariableThatIsNoSettingIsFoundWithTheNearest) {
  const ScopedEnvironment variables{{"SIGNET_PKCS11_MODULE_PTH", "1"}, {"SIGNET_SIGNET_CONFIG", "1"},
                                    {"SIGNET_PIN_SOURCE", "file:pin"}, {"SIGNET_WEATHER_OF_THE_DAY", "rain"},
                                    {"SIGNET_TESTING_SOFTHSM", "1"},   {"SIGNETS", "1"}};
  std::map<std::string, std::string> found;
  for (const UnknownVariable& variable : UnknownVariables()) found[variable.name] = variable.nearest;
  EXPECT_THAT(found, ElementsAre(std::pair("SIGNET_PIN_SOURCE", "SIGNET_PKCS11_MODULE_TOKEN_PIN"),
                                 std::pair("SIGNET_PKCS11_MODULE_PTH", "SIGNET_PKCS11_MODULE_PATH"),
                                 std::pair("SIGNET_SIGNET_CONFIG", "SIGNET_CONFIG"),
                                 std::pair("SIGNET_WEATHER_OF_THE_DAY", "")));
}

TEST(Environment, NamesWithoutMeaningHereAreKnown) {
  const ScopedEnvironment variable{{"SIGNET_PKCS11_MODULE_QUIRKS", "no-deinit"}};
  EXPECT_THAT(UnknownVariables(), IsEmpty());
  EXPECT_THAT(FromEnvironment().values(), IsEmpty());
}

}  // namespace
}  // namespace signet

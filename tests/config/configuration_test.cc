// The precedence of places, in every order of reading.
#include "config/configuration.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr PlaceKind kKinds[] = {PlaceKind::kOpenSslConf, PlaceKind::kParameters, PlaceKind::kEnvironment,
                                PlaceKind::kSet, PlaceKind::kOption};

const Configuration::Value* InForce(const Configuration& configuration, std::string_view setting) {
  for (const auto& value : configuration.values()) {
    if (value.in_force && value.setting == setting) return &value;
  }
  return nullptr;
}

void SetAt(Configuration& configuration, PlaceKind kind, std::string_view name, std::string_view value) {
  configuration.BeginPlace(kind);
  configuration.Set(name, value, "here");
}

Error FaultOf(const Configuration& configuration) {
  try {
    configuration.settings();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing is at fault";
  return Error({});
}

TEST(Configuration, LaterKindOverridesInEveryOrderOfReading) {
  for (const PlaceKind low : kKinds) {
    for (const PlaceKind high : kKinds) {
      if (low >= high) continue;
      for (const bool low_first : {true, false}) {
        Configuration configuration;
        if (low_first) SetAt(configuration, low, "call-log", "low");
        SetAt(configuration, high, "call-log", "high");
        if (!low_first) SetAt(configuration, low, "call-log", "low");
        EXPECT_EQ(configuration.settings().call_log, "high") << Name(low) << " " << Name(high);
        ASSERT_NE(InForce(configuration, "call-log"), nullptr);
        EXPECT_EQ(InForce(configuration, "call-log")->place.kind, high);
        EXPECT_EQ(configuration.values().size(), 2u) << "what was overridden is remembered";
      }
    }
  }
}

TEST(Configuration, ShortFormIsTheSameSetting) {
  for (const auto& [brief, full, value] :
       std::vector<std::array<const char*, 3>>{{"module", "pkcs11-module-path", "/a.so"},
                                               {"token-pin", "pkcs11-module-token-pin", "file:/pin"},
                                               {"login-behavior", "pkcs11-module-login-behavior", "never"},
                                               {"max-sessions", "pkcs11-module-cache-sessions", "3"}}) {
    Configuration configuration;
    SetAt(configuration, PlaceKind::kEnvironment, brief, value);
    SetAt(configuration, PlaceKind::kOpenSslConf, full, value);
    ASSERT_NE(InForce(configuration, full), nullptr) << brief;
    EXPECT_EQ(InForce(configuration, full)->place.kind, PlaceKind::kEnvironment) << brief;
  }
}

TEST(Configuration, LaterValueOfTheSamePlaceCounts) {
  Configuration configuration;
  configuration.BeginPlace(PlaceKind::kSet);
  configuration.Set("max-sessions", "3", "--set");
  configuration.Set("pkcs11-module-cache-sessions", "4", "--set");
  EXPECT_EQ(configuration.settings().max_sessions, 4u);
  EXPECT_EQ(configuration.values().size(), 1u);
}

TEST(Configuration, ModulesAddUpWithinOnePlaceOnly) {
  Configuration configuration;
  configuration.BeginPlace(PlaceKind::kOpenSslConf);
  configuration.Set("pkcs11-module-path", "/a.so", "file");
  configuration.BeginPlace(PlaceKind::kEnvironment);
  configuration.Set("pkcs11-module-path", "/b.so", "PKCS11_PROVIDER_MODULE");
  configuration.Set("module", "/c.so", "SIGNET_MODULE");
  configuration.Set("pkcs11-module-path", "/c.so", "SIGNET_PKCS11_MODULE_PATH");
  EXPECT_THAT(configuration.settings().modules, ElementsAre("/b.so", "/c.so"));
  SetAt(configuration, PlaceKind::kOption, "pkcs11-module-path", "/d.so");
  EXPECT_THAT(configuration.settings().modules, ElementsAre("/d.so"));
  SetAt(configuration, PlaceKind::kSet, "pkcs11-module-path", "/e.so");
  EXPECT_THAT(configuration.settings().modules, ElementsAre("/d.so"));
}

TEST(Configuration, PlaceThatIsReadAgainReplacesItself) {
  Configuration configuration;
  SetAt(configuration, PlaceKind::kParameters, "pkcs11-module-path", "/old.so");
  SetAt(configuration, PlaceKind::kParameters, "pkcs11-module-path", "/new.so");
  EXPECT_THAT(configuration.settings().modules, ElementsAre("/new.so"));
  EXPECT_EQ(configuration.values().size(), 1u);
}

TEST(Configuration, EmptyModuleOfAHigherPlaceMeansTheConfiguredOnes) {
  Configuration configuration;
  SetAt(configuration, PlaceKind::kOpenSslConf, "pkcs11-module-path", "/a.so");
  SetAt(configuration, PlaceKind::kEnvironment, "module", "");
  EXPECT_THAT(configuration.settings().modules, ::testing::IsEmpty());
}

TEST(Configuration, FaultNamesItsPlaceAndNotTheValue) {
  Configuration configuration;
  configuration.BeginPlace(PlaceKind::kEnvironment);
  configuration.Set("max-sessions", "s3cret", "SIGNET_MAX_SESSIONS");
  const Error error = FaultOf(configuration);
  EXPECT_EQ(error.code(), ErrorCode::kBadSetting);
  EXPECT_THAT(error.detail(), HasSubstr("max-sessions"));
  EXPECT_THAT(error.detail(), HasSubstr("the variable SIGNET_MAX_SESSIONS"));
  EXPECT_THAT(error.what(), Not(HasSubstr("s3cret")));
  EXPECT_EQ(configuration.values().front().shown, "");
}

TEST(Configuration, UnknownNameIsAFaultWithWhatWasMeant) {
  Configuration configuration;
  SetAt(configuration, PlaceKind::kSet, "max-session", "3");
  EXPECT_THAT(FaultOf(configuration).hint(), HasSubstr("max-sessions"));
}

TEST(Configuration, FaultEndsWithTheReplacedValue) {
  Configuration configuration;
  SetAt(configuration, PlaceKind::kParameters, "max-sessions", "many");
  SetAt(configuration, PlaceKind::kParameters, "max-sessions", "3");
  EXPECT_EQ(configuration.settings().max_sessions, 3u);
  SetAt(configuration, PlaceKind::kEnvironment, "max-sessions", "few");
  EXPECT_THROW(configuration.settings(), Error);
  EXPECT_EQ(configuration.readable().max_sessions, 3u) << "what is left without the fault";
  SetAt(configuration, PlaceKind::kSet, "max-sessions", "4");
  EXPECT_EQ(configuration.settings().max_sessions, 4u);
}

TEST(Configuration, ValueThatAHigherPlaceOverridesCannotBeAtFault) {
  Configuration configuration;
  SetAt(configuration, PlaceKind::kEnvironment, "max-sessions", "3");
  SetAt(configuration, PlaceKind::kOpenSslConf, "max-sessions", "many");
  EXPECT_EQ(configuration.settings().max_sessions, 3u);
}

TEST(Configuration, PinIsNeverShown) {
  for (const auto& [value, shown] : std::vector<std::pair<std::string, std::string>>{
           {"918273", "a PIN"}, {"file:/pin", "file:/pin"}, {"env:PIN", "env:PIN"}, {"", "none"}}) {
    Configuration configuration;
    SetAt(configuration, PlaceKind::kSet, "token-pin", value);
    EXPECT_EQ(configuration.values().front().shown, shown);
  }
}

TEST(Configuration, IgnoredNamesAreOmitted) {
  Configuration configuration;
  SetAt(configuration, PlaceKind::kOpenSslConf, "pkcs11-module-quirks", "no-deinit");
  EXPECT_THAT(configuration.values(), ::testing::IsEmpty());
}

}  // namespace
}  // namespace signet

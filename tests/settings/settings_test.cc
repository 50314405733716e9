#include "settings/setting_names.h"
#include <signet/error.h>
#include <signet/settings.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

Error Refusal(std::string_view name, std::string_view value) {
  Settings settings;
  try {
    settings.Set(name, value);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadSetting);
    return error;
  }
  ADD_FAILURE() << name << " took " << value;
  return Error({});
}

TEST(Settings, NamesOfPkcs11ProviderKeepTheirMeaning) {
  Settings settings;
  settings.Set("pkcs11-module-path", "/a.so");
  settings.Set("pkcs11-module-init-args", "x=y");
  settings.Set("pkcs11-module-token-pin", "1234");
  settings.Set("pkcs11-module-login-behavior", "always");
  settings.Set("pkcs11-module-cache-sessions", "5");
  settings.Set("pkcs11-module-encode-provider-uri-to-pem", "true");
  EXPECT_THAT(settings.modules, ElementsAre("/a.so"));
  EXPECT_EQ(settings.module_init_args, "x=y");
  EXPECT_EQ(settings.token_pin.Read()->view(), "1234");
  EXPECT_EQ(settings.login_behavior, Settings::LoginBehavior::kAlways);
  EXPECT_EQ(settings.max_sessions, 5u);
  EXPECT_TRUE(settings.encode_provider_uri_to_pem);
}

TEST(Settings, NamesWithoutMeaningHereAreAccepted) {
  for (const char* name :
       {"quirks", "allow-export", "cache-keys", "cache-pins", "block-operations", "assume-fips"}) {
    const std::string full = std::string("pkcs11-module-") + name;
    Settings settings;
    settings.Set(full, "anything");
    EXPECT_EQ(MeaningOf(full), SettingMeaning::kIgnored) << full;
  }
}

TEST(Settings, LoadIsAtTheFirstUseOrAtActivationAndTakesPkcs11ProvidersWords) {
  using Load = Settings::Load;
  EXPECT_EQ(Settings().load, Load::kFirstUse);
  for (const char* name : {"load", "pkcs11-module-load-behavior"}) {
    for (const auto& [value, load] : std::map<std::string, Load>{{"activation", Load::kActivation},
                                                                 {"early", Load::kActivation},
                                                                 {"first-use", Load::kFirstUse},
                                                                 {"late", Load::kFirstUse}}) {
      Settings settings;
      settings.load = load == Load::kFirstUse ? Load::kActivation : Load::kFirstUse;
      settings.Set(name, value);
      EXPECT_EQ(settings.load, load) << name << " = " << value;
    }
    EXPECT_THROW(Settings().Set(name, "sometimes"), Error);
  }
}

TEST(Settings, OurOwnNamesAreHonoured) {
  Settings settings;
  settings.Set("module", "/b.so");
  settings.Set("module", "/c.so");
  settings.Set("max-sessions", "7");
  settings.Set("allow-final-try", "Yes");
  settings.Set("call-timeout-ms", "250");
  settings.Set("session-idle-ms", "99999999999");
  settings.Set("chain-file", "/chain.pem");
  settings.Set("pkcs12-max-iterations", "18446744073709551615");
  settings.Set("pkcs12-max-total-iterations", "7");
  settings.Set("pkcs12-max-file-size", "1");
  settings.Set("call-log", "stderr");
  settings.Set("signet-config", "/etc/signet.conf");
  settings.Set("login-behavior", "never");
  EXPECT_THAT(settings.modules, ElementsAre("/b.so", "/c.so"));
  EXPECT_EQ(settings.max_sessions, 7u);
  EXPECT_TRUE(settings.allow_final_try);
  EXPECT_EQ(settings.call_timeout.count(), 250);
  EXPECT_EQ(settings.session_idle, std::chrono::hours(24)) << "no longer than a day";
  EXPECT_EQ(settings.chain_file, "/chain.pem");
  EXPECT_EQ(settings.pkcs12_max_iterations, UINT64_MAX);
  EXPECT_EQ(settings.pkcs12_max_total_iterations, 7u);
  EXPECT_EQ(settings.pkcs12_max_file_size, 1u);
  EXPECT_EQ(settings.call_log, "stderr");
  EXPECT_EQ(settings.config_file, "/etc/signet.conf");
  EXPECT_EQ(settings.login_behavior, Settings::LoginBehavior::kNever);
}

TEST(Settings, DefaultsAreTheDocumentedOnes) {
  const Settings settings;
  EXPECT_EQ(settings.pkcs12_max_iterations, 5'000'000u);
  EXPECT_EQ(settings.pkcs12_max_total_iterations, 50'000'000u);
  EXPECT_EQ(settings.pkcs12_max_file_size, 16u << 20);
  EXPECT_FALSE(settings.allow_final_try);
  EXPECT_TRUE(settings.token_pin.empty());
}

TEST(Settings, TypoIsRefusedWithWhatWasMeant) {
  EXPECT_THAT(Refusal("pkcs11-module-pth", "x").hint(), HasSubstr("pkcs11-module-path"));
  EXPECT_THAT(Refusal("max-session", "1").hint(), HasSubstr("max-sessions"));
  EXPECT_THAT(Refusal("Module", "1").hint(), HasSubstr("module"));
  EXPECT_THAT(Refusal("", "1").detail(), HasSubstr("unknown setting"));
  EXPECT_EQ(MeaningOf("pkcs11-module-pth"), SettingMeaning::kUnknown);
}

TEST(Settings, ValueThatCannotBeIsRefusedAndNotRepeated) {
  for (const char* name : {"max-sessions", "allow-final-try", "call-timeout-ms", "session-idle-ms",
                           "login-behavior", "pkcs12-max-iterations", "pkcs12-max-total-iterations",
                           "pkcs12-max-file-size", "pkcs11-module-cache-sessions"}) {
    for (const char* value : {"s3cret", "-1s3cret", "1s3cret", ""}) {
      EXPECT_THAT(Refusal(name, value).what(), Not(HasSubstr("s3cret"))) << name;
    }
  }
}

TEST(Settings, SameModuleCountsOnce) {
  Settings settings;
  for (const char* path : {"/a.so", "/b.so", "/a.so", ""}) settings.Set("module", path);
  EXPECT_THAT(settings.modules, ElementsAre("/a.so", "/b.so"));
}

TEST(Settings, ShortFormsHaveAStandardName) {
  EXPECT_EQ(StandardName("module"), "pkcs11-module-path");
  EXPECT_EQ(StandardName("token-pin"), "pkcs11-module-token-pin");
  EXPECT_EQ(StandardName("login-behavior"), "pkcs11-module-login-behavior");
  EXPECT_EQ(StandardName("max-sessions"), "pkcs11-module-cache-sessions");
  EXPECT_EQ(StandardName("call-log"), "call-log");
  EXPECT_EQ(StandardName("no-such"), "no-such");
  for (const std::string_view name : SettingNames())
    EXPECT_EQ(StandardName(StandardName(name)), StandardName(name)) << name;
}

TEST(Settings, EveryNameHasAMeaning) {
  EXPECT_GE(SettingNames().size(), 20u);
  for (const std::string_view name : SettingNames()) {
    EXPECT_NE(MeaningOf(name), SettingMeaning::kUnknown) << name;
    EXPECT_EQ(ClosestSetting(name), name);
  }
}

}  // namespace
}  // namespace signet

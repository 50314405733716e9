#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace signet::inline settings {

enum class SettingMeaning {
  kHonoured,
  kIgnored,  // a name of pkcs11-provider that is accepted and means nothing here
  kUnknown,
};

// SettingNames lists every name that Settings::Set takes, short forms before the names that they are short
// for; each ends in a NUL and is never freed.
std::vector<std::string_view> SettingNames();
SettingMeaning MeaningOf(std::string_view name);
// StandardName gives what a short form is short for ("module": "pkcs11-module-path"), and any other name as
// it is. It is never freed if `name` is a setting.
std::string_view StandardName(std::string_view name);
// ClosestSetting gives the setting that `name` is likely to mean; nothing if none is near enough.
std::optional<std::string_view> ClosestSetting(std::string_view name);
// MeantSetting is the hint about a name that is no setting: the closest one, or where they are listed.
std::string MeantSetting(std::string_view name);

}  // namespace signet::inline settings

#pragma once

#include <string_view>

namespace signet {

enum class SettingMeaning {
  kHonoured,
  kIgnored,  // a name of pkcs11-provider that is accepted and means nothing here
  kUnknown,
};

SettingMeaning MeaningOf(std::string_view name);
// ClosestSetting gives the setting whose name differs least from `name`.
std::string_view ClosestSetting(std::string_view name);

}  // namespace signet

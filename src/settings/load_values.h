#pragma once

#include <signet/settings.h>

#include <optional>
#include <string_view>

namespace signet::inline settings {

// The setting `load` has two names; the second is pkcs11-provider's. signet.so reads it before libsignet.so
// is there, so that nothing here needs the C++ library when it runs.
inline constexpr const char* kLoadSetting = "load";
inline constexpr const char* kFullLoadSetting = "pkcs11-module-load-behavior";

// LoadOf reads its value, also as pkcs11-provider spells it; nothing for any other.
constexpr std::optional<Settings::Load> LoadOf(std::string_view value) noexcept {
  if (value == "activation" || value == "early") return Settings::Load::kActivation;
  if (value == "first-use" || value == "late") return Settings::Load::kFirstUse;
  return std::nullopt;
}

}  // namespace signet::inline settings

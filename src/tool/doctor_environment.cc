#include "settings/setting_names.h"
#include "tool/doctor_checks.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>
#include <unistd.h>

namespace signet::tool {
namespace {

constexpr std::string_view kPrefix = "SIGNET_";
constexpr std::string_view kOtherPrefixes[] = {"SIGNET_TESTING_"};

// SettingOf turns SIGNET_TOKEN_PIN into token-pin.
std::string SettingOf(std::string_view variable) {
  std::string name(variable.substr(kPrefix.size()));
  std::ranges::transform(name, name.begin(), [](char c) {
    if (c == '_') return '-';
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return name;
}

std::string VariableOf(std::string_view setting) {
  std::string variable(kPrefix);
  for (const char c : setting)
    variable += c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return variable;
}

bool IsKnown(std::string_view variable) {
  if (variable == "SIGNET_CONFIG") return true;
  if (std::ranges::any_of(kOtherPrefixes, [&](auto prefix) { return variable.starts_with(prefix); }))
    return true;
  return MeaningOf(SettingOf(variable)) == SettingMeaning::kHonoured;
}

}  // namespace

Findings CheckEnvironment() {
  Findings findings;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::string variable(text.substr(0, text.find('=')));
    if (!variable.starts_with(kPrefix) || IsKnown(variable)) continue;
    findings.push_back({Verdict::kBad, "environment", fmt::format("no setting is read from {}", variable),
                        fmt::format("Did you mean {}?", VariableOf(ClosestSetting(SettingOf(variable))))});
  }
  const char* module = secure_getenv("PKCS11_PROVIDER_MODULE");
  if (module != nullptr && module[0] == '/' && access(module, R_OK) != 0) {
    findings.push_back({Verdict::kBad, "environment",
                        fmt::format("PKCS11_PROVIDER_MODULE names {}, which is not there", module),
                        "Name the token's PKCS#11 module, or unset the variable."});
  }
  return findings;
}

}  // namespace signet::tool

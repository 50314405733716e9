#include "config/environment.h"

#include "settings/setting_names.h"

#include <algorithm>
#include <cstdlib>

#include <sys/auxv.h>
#include <unistd.h>

namespace signet::inline config {
namespace {

constexpr std::string_view kPrefix = "SIGNET_";
constexpr std::string_view kTestingKit = "SIGNET_TESTING_";

std::vector<std::string> KnownVariables() {
  std::vector<std::string> variables;
  for (const std::string_view name : SettingNames()) variables.push_back(VariableOf(name));
  return variables;
}

// SettingOf gives the setting that a variable would have: the name in small letters.
std::string SettingOf(std::string_view variable) {
  std::string setting;
  for (const char c : variable.substr(kPrefix.size()))
    setting += c == '_' ? '-' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return setting;
}

}  // namespace

std::string VariableOf(std::string_view setting) {
  constexpr std::string_view kOurs = "signet-";
  if (setting.starts_with(kOurs)) setting.remove_prefix(kOurs.size());
  std::string variable(kPrefix);
  for (const char c : setting)
    variable += c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return variable;
}

void AddEnvironment(Configuration& configuration) { AddEnvironment(configuration, secure_getenv); }

void AddEnvironment(Configuration& configuration, const EnvironmentLookup& lookup) {
  const auto add = [&](std::string_view setting, const std::string& variable) {
    const char* value = lookup(variable.c_str());
    if (value == nullptr) return;
    // Each variable is a place of its own: modules of two do not add up.
    configuration.BeginPlace(PlaceKind::kEnvironment);
    configuration.Set(setting, value, variable);
  };
  add("pkcs11-module-path", "PKCS11_PROVIDER_MODULE");
  for (const std::string_view name : SettingNames()) add(name, VariableOf(name));
}

std::vector<UnknownVariable> UnknownVariables() {
  if (getauxval(AT_SECURE) != 0) return {};
  const std::vector<std::string> known = KnownVariables();
  std::vector<UnknownVariable> unknown;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::string name(text.substr(0, text.find('=')));
    if (!name.starts_with(kPrefix) || name.starts_with(kTestingKit)) continue;
    if (std::ranges::find(known, name) != known.end()) continue;
    const auto closest = ClosestSetting(SettingOf(name));
    unknown.push_back({name, closest ? VariableOf(*closest) : std::string()});
  }
  return unknown;
}

}  // namespace signet::inline config

// Which place each setting comes from.
#include "settings/setting_names.h"
#include "tool/doctor_checks.h"

#include <algorithm>

#include <fmt/format.h>

namespace signet::tool {
namespace {

// Overridden names the places that a value in force overrides.
std::string Overridden(const Configuration& configuration, const Configuration::Value& by) {
  std::string places;
  for (const Configuration::Value& value : configuration.values()) {
    if (value.in_force || value.setting != by.setting) continue;
    places += fmt::format("{}{}", places.empty() ? "; overrides " : " and ", InWords(value.place));
  }
  return places;
}

Json ValueJson(const Configuration::Value& value) {
  return {{"value", value.fault ? Json() : Json(value.shown)},
          {"place", Name(value.place.kind)},
          {"where", value.place.where}};
}

// RowJson has the values in force, several of a setting that adds up, and those that they override.
Json RowJson(const Configuration& configuration, std::string_view setting) {
  Json values = Json::array();
  Json overridden = Json::array();
  for (const Configuration::Value& value : configuration.values()) {
    if (value.setting == setting) (value.in_force ? values : overridden).push_back(ValueJson(value));
  }
  const Json place = values.empty() ? Json("default") : values.front()["place"];
  return {{"name", setting}, {"place", place}, {"values", values}, {"overridden", overridden}};
}

}  // namespace

Findings TellSettings(const Configuration& configuration) {
  Findings findings;
  for (const Configuration::Value& value : configuration.values()) {
    if (!value.in_force || value.fault) continue;
    findings.push_back({Verdict::kOk, fmt::format("setting {}", value.setting),
                        fmt::format("{}, from {}{}", value.shown.empty() ? "empty" : value.shown,
                                    InWords(value.place), Overridden(configuration, value)),
                        ""});
  }
  findings.push_back(
      {Verdict::kOk, "settings",
       findings.empty() ? "all settings have their defaults" : "all other settings have their defaults", ""});
  return findings;
}

Json SettingsJson(const Configuration& configuration) {
  Json rows = Json::array();
  for (const std::string_view name : SettingNames()) {
    const bool honoured = MeaningOf(name) == SettingMeaning::kHonoured;
    // Nothing reads signet-config yet.
    const bool reserved = name == "signet-config";
    if (honoured && !reserved && StandardName(name) == name) rows.push_back(RowJson(configuration, name));
  }
  return rows;
}

}  // namespace signet::tool

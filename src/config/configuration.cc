#include "config/configuration.h"

#include "settings/setting_names.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace signet::inline config {
namespace {

constexpr std::string_view kModule = "pkcs11-module-path";
constexpr std::string_view kPin = "pkcs11-module-token-pin";

}  // namespace

void Configuration::BeginPlace(PlaceKind kind) {
  kind_ = kind;
  ++round_;
}

void Configuration::Set(std::string_view name, std::string_view value, std::string where) {
  if (MeaningOf(name) == SettingMeaning::kIgnored) return;
  const std::string setting(StandardName(name));
  Value added{.setting = setting, .shown = {}, .place = {kind_, std::move(where)}, .fault = {}};
  added.round = round_;
  added.in_force = !IsOutranked(setting);
  if (added.in_force) {
    Displace(setting, added.place.where);
    added.fault = Apply(name, value, added.place);
    if (!added.fault) added.shown = Shown(setting, value);
  }
  values_.push_back(std::move(added));
}

bool Configuration::IsOutranked(std::string_view setting) const {
  return std::ranges::any_of(values_, [&](const Value& value) {
    return value.in_force && value.setting == setting && value.place.kind > kind_;
  });
}

// Displace makes way for a value of `where`: an earlier one from there is forgotten, others are put aside.
void Configuration::Displace(std::string_view setting, std::string_view where) {
  const auto adds_up = [&](const Value& value) { return setting == kModule && value.round == round_; };
  std::erase_if(values_, [&](const Value& value) {
    return value.setting == setting && value.place.kind == kind_ && value.place.where == where &&
           !adds_up(value);
  });
  bool first = true;
  for (Value& value : values_) {
    if (value.setting != setting) continue;
    if (adds_up(value)) {
      first = false;
    } else {
      value.in_force = false;
    }
  }
  if (setting == kModule && first) settings_.modules.clear();
}

std::optional<Error> Configuration::Apply(std::string_view name, std::string_view value,
                                          const SettingPlace& place) {
  try {
    settings_.Set(name, value);
    return std::nullopt;
  } catch (const Error& error) {
    return Error({.code = error.code(),
                  .detail = fmt::format("{} ({})", error.detail(), InWords(place)),
                  .hint = error.hint()});
  }
}

std::string Configuration::Shown(std::string_view setting, std::string_view value) const {
  if (setting != kPin) return std::string(value);
  return settings_.token_pin.is_value() ? "a PIN" : settings_.token_pin.description();
}

const Settings& Configuration::settings() const {
  for (const Value& value : values_) {
    if (value.in_force && value.fault) throw Error(*value.fault);
  }
  return settings_;
}

}  // namespace signet::inline config

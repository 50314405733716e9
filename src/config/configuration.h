#pragma once

#include "config/place.h"
#include <signet/error.h>
#include <signet/settings.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace signet::inline config {

// Configuration merges the places of settings by their precedence, regardless of the order in which they are
// read, and remembers of each value where it came from. It does no I/O but that of an fd: pin-source, which
// Set reads.
class Configuration {
 public:
  struct Value {
    std::string setting;  // its standard name; a name that is no setting as it was written
    std::string shown;    // the value; of a PIN only where it comes from; empty if it cannot be
    SettingPlace place;
    std::optional<Error> fault;  // kBadSetting, naming the place
    bool in_force = true;        // false: another place overrides this one
    unsigned round = 0;          // which BeginPlace it followed
  };

  // BeginPlace says of what kind the values are that are set next. Modules add up to those since then, and
  // take the place of all others.
  void BeginPlace(PlaceKind kind);
  // Set never throws for what is wrong with a setting: that is the value's fault. Names that mean nothing
  // here are left out.
  void Set(std::string_view name, std::string_view value, std::string where);

  // settings throws the fault of the first value in force that has one.
  const Settings& settings() const;
  // readable are the settings without the values that are at fault.
  const Settings& readable() const noexcept { return settings_; }
  // values are all that were set, in that order.
  const std::vector<Value>& values() const noexcept { return values_; }

 private:
  bool IsOutranked(std::string_view setting) const;
  void Displace(std::string_view setting, std::string_view where);
  std::optional<Error> Apply(std::string_view name, std::string_view value, const SettingPlace& place);
  std::string Shown(std::string_view setting, std::string_view value) const;

  PlaceKind kind_ = PlaceKind::kOpenSslConf;
  unsigned round_ = 0;
  std::vector<Value> values_;
  Settings settings_;
};

}  // namespace signet::inline config

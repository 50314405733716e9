#include "base/edit_distance.h"
#include "settings/load_values.h"
#include "settings/setting_names.h"
#include <signet/error.h>
#include <signet/settings.h>

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>
#include <openssl/crypto.h>

namespace signet {
namespace {

[[noreturn]] void ThrowBadValue(std::string_view name, std::string_view wanted) {
  // The value is omitted: it may be a misplaced PIN.
  throw Error({.code = ErrorCode::kBadSetting,
               .detail = fmt::format("the setting {} has an invalid value", name),
               .hint = fmt::format("Use {}.", wanted)});
}

std::uint64_t Number(std::string_view name, std::string_view value) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size()) ThrowBadValue(name, "a whole number");
  return number;
}

// Milliseconds takes a day at most.
std::chrono::milliseconds Milliseconds(std::string_view name, std::string_view value) {
  return std::chrono::milliseconds(std::min<std::uint64_t>(Number(name, value), 86'400'000));
}

bool Flag(std::string_view name, std::string_view value) {
  const auto is = [&](const char* word) { return OPENSSL_strcasecmp(std::string(value).c_str(), word) == 0; };
  if (std::ranges::any_of(std::array{"true", "yes", "on", "1"}, is)) return true;
  if (std::ranges::any_of(std::array{"false", "no", "off", "0"}, is)) return false;
  ThrowBadValue(name, "true or false");
}

using Apply = void (*)(Settings&, std::string_view name, std::string_view value);

struct SettingRow {
  std::string_view name;
  Apply apply;  // null: accepted for the sake of pkcs11-provider's users, without meaning here
  std::string_view standard = name;  // of a short form, the name that it is short for
};

void SetSessions(Settings& settings, std::string_view name, std::string_view value) {
  // pkcs11-provider's number is how many sessions it keeps; here a bound on the pool.
  settings.max_sessions =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(Number(name, value), UINT32_MAX));
}

void SetLoginBehavior(Settings& settings, std::string_view name, std::string_view value) {
  using enum Settings::LoginBehavior;
  if (value == "auto")
    settings.login_behavior = kAuto;
  else if (value == "always")
    settings.login_behavior = kAlways;
  else if (value == "never")
    settings.login_behavior = kNever;
  else
    ThrowBadValue(name, "auto, always or never");
}

void SetPassPhraseIsPin(Settings& settings, std::string_view name, std::string_view value) {
  using enum Settings::PassPhraseIsPin;
  const auto is = [&](const char* word) { return OPENSSL_strcasecmp(std::string(value).c_str(), word) == 0; };
  if (is("always")) {
    settings.pass_phrase_is_pin = kAlways;
  } else if (std::ranges::any_of(std::array{"yes", "true", "on", "1"}, is)) {
    settings.pass_phrase_is_pin = kYes;
  } else if (std::ranges::any_of(std::array{"no", "false", "off", "0"}, is)) {
    settings.pass_phrase_is_pin = kNo;
  } else {
    ThrowBadValue(name, "yes, no or always");
  }
}

void SetLoad(Settings& settings, std::string_view name, std::string_view value) {
  const auto load = LoadOf(value);
  if (!load) ThrowBadValue(name, "first-use or activation");
  settings.load = *load;
}

void AddModule(Settings& settings, std::string_view, std::string_view value) {
  const bool named = std::ranges::find(settings.modules, value) != settings.modules.end();
  if (!value.empty() && !named) settings.modules.emplace_back(value);
}

void SetTokenPin(Settings& settings, std::string_view, std::string_view value) {
  settings.token_pin = PinSource::ParseOrValue(value);
}

// Short forms stand first: where a place has both, the full name is set after it.
constexpr SettingRow kRows[] = {
    {"module", AddModule, "pkcs11-module-path"},
    {"token-pin", SetTokenPin, "pkcs11-module-token-pin"},
    {"login-behavior", SetLoginBehavior, "pkcs11-module-login-behavior"},
    {"max-sessions", SetSessions, "pkcs11-module-cache-sessions"},
    {kLoadSetting, SetLoad, kFullLoadSetting},
    {"pkcs11-module-path", AddModule},
    {"pkcs11-module-init-args",
     [](Settings& s, std::string_view, std::string_view v) { s.module_init_args = v; }},
    {"pkcs11-module-token-pin", SetTokenPin},
    {"pkcs11-module-login-behavior", SetLoginBehavior},
    {"pkcs11-module-cache-sessions", SetSessions},
    {kFullLoadSetting, SetLoad},
    {"pkcs11-module-encode-provider-uri-to-pem",
     [](Settings& s, std::string_view n, std::string_view v) { s.encode_provider_uri_to_pem = Flag(n, v); }},
    {"pkcs11-module-quirks", nullptr},
    {"pkcs11-module-allow-export", nullptr},
    {"pkcs11-module-cache-keys", nullptr},
    {"pkcs11-module-cache-pins", nullptr},
    {"pkcs11-module-block-operations", nullptr},
    {"pkcs11-module-assume-fips", nullptr},
    {"signet-config", [](Settings& s, std::string_view, std::string_view v) { s.config_file = v; }},
    {"allow-final-try",
     [](Settings& s, std::string_view n, std::string_view v) { s.allow_final_try = Flag(n, v); }},
    {"pass-phrase-is-pin", SetPassPhraseIsPin},
    {"pem-pin-sources",
     [](Settings& s, std::string_view n, std::string_view v) { s.pem_pin_sources = Flag(n, v); }},
    {"call-timeout-ms",
     [](Settings& s, std::string_view n, std::string_view v) { s.call_timeout = Milliseconds(n, v); }},
    {"session-idle-ms",
     [](Settings& s, std::string_view n, std::string_view v) { s.session_idle = Milliseconds(n, v); }},
    {"chain-file", [](Settings& s, std::string_view, std::string_view v) { s.chain_file = v; }},
    {"pkcs12-max-iterations",
     [](Settings& s, std::string_view n, std::string_view v) { s.pkcs12_max_iterations = Number(n, v); }},
    {"pkcs12-max-total-iterations", [](Settings& s, std::string_view n,
                                       std::string_view v) { s.pkcs12_max_total_iterations = Number(n, v); }},
    {"pkcs12-max-file-size",
     [](Settings& s, std::string_view n, std::string_view v) { s.pkcs12_max_file_size = Number(n, v); }},
    {"call-log", [](Settings& s, std::string_view, std::string_view v) { s.call_log = v; }},
};

const SettingRow* Find(std::string_view name) {
  const auto* row = std::ranges::find(kRows, name, &SettingRow::name);
  return row != std::end(kRows) ? row : nullptr;
}

}  // namespace

std::vector<std::string_view> settings::SettingNames() {
  std::vector<std::string_view> names;
  for (const SettingRow& row : kRows) names.push_back(row.name);
  return names;
}

SettingMeaning settings::MeaningOf(std::string_view name) {
  const SettingRow* row = Find(name);
  if (row == nullptr) return SettingMeaning::kUnknown;
  return row->apply != nullptr ? SettingMeaning::kHonoured : SettingMeaning::kIgnored;
}

std::string_view settings::StandardName(std::string_view name) {
  const SettingRow* row = Find(name);
  return row != nullptr ? row->standard : name;
}

std::optional<std::string_view> settings::ClosestSetting(std::string_view name) {
  // What the command calls --pin-source.
  if (name == "pin-source" || name == "pin") return "pkcs11-module-token-pin";
  return Nearest(name, SettingNames());
}

std::string settings::MeantSetting(std::string_view name) {
  const auto closest = ClosestSetting(name);
  return closest ? fmt::format("Did you mean {}?", *closest)
                 : "The manual page signet(1) lists the settings.";
}

void Settings::Set(std::string_view name, std::string_view value) {
  const SettingRow* row = Find(name);
  if (row == nullptr) {
    throw Error({.code = ErrorCode::kBadSetting,
                 .detail = fmt::format("unknown setting {}", name),
                 .hint = MeantSetting(name)});
  }
  if (row->apply != nullptr) row->apply(*this, name, value);
}

}  // namespace signet

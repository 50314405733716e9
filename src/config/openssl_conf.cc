#include "config/openssl_conf.h"

#include "base/openssl_context.h"
#include "base/openssl_error.h"
#include "settings/setting_names.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <unistd.h>

namespace signet::inline config {
namespace {

// SaysYes is how OpenSSL reads `activate`: until 3.1 the line activates with any value.
bool SaysYes(const std::string& value) {
  if (OPENSSL_version_major() == 3 && OPENSSL_version_minor() < 2) return true;
  static constexpr std::string_view kYes[] = {"1", "yes", "YES", "true", "TRUE", "on", "ON"};
  return std::ranges::find(kYes, value) != std::end(kYes);
}

// KeyOf strips the text before the first dot: OpenSSL allows to repeat one of its own names in this
// way.
std::string KeyOf(const std::string& name) {
  const std::size_t dot = name.find('.');
  return dot == std::string::npos ? name : name.substr(dot + 1);
}

}  // namespace

OpenSslConf OpenSslConf::Read(const std::string& path) {
  const OpenSslErrorMark mark;
  if (access(path.c_str(), R_OK) != 0) {
    throw Error({.code = ErrorCode::kUnreadable,
                 .detail = "the file cannot be read",
                 .hint = "Correct OPENSSL_CONF, or the file's permissions."});
  }
  OpenSslPtr<CONF> conf(CheckOpenSsl(NCONF_new_ex(OwnContext(), nullptr), "NCONF_new_ex"));
  long line = 0;
  if (NCONF_load(conf.get(), path.c_str(), &line) != 1) {
    throw Error(
        {.code = ErrorCode::kMalformed,
         .detail = fmt::format("OpenSSL cannot read it from line {} on: {}", line, LastOpenSslError().name),
         .hint = "Correct that line; until then programs ignore the whole file."});
  }
  return OpenSslConf(std::move(conf));
}

std::optional<OpenSslConf::Pairs> OpenSslConf::Section(const std::string& name) const {
  const OpenSslErrorMark mark;
  STACK_OF(CONF_VALUE)* values = NCONF_get_section(conf_.get(), name.c_str());
  if (values == nullptr) return std::nullopt;
  Pairs pairs;
  for (int i = 0; i < sk_CONF_VALUE_num(values); ++i) {
    const CONF_VALUE* value = sk_CONF_VALUE_value(values, i);
    pairs.emplace_back(value->name, value->value);
  }
  return pairs;
}

std::optional<std::string> OpenSslConf::Value(const char* section, const char* name) const {
  const OpenSslErrorMark mark;
  const char* value = NCONF_get_string(conf_.get(), section, name);
  return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
}

ConfiguredProvider OpenSslConf::ReadProvider(const std::string& name, const std::string& section) const {
  ConfiguredProvider provider{.name = KeyOf(name), .section = section};
  for (const auto& [raw, value] : Section(section).value_or(Pairs{})) {
    const std::string key = KeyOf(raw);
    if (key == "identity") {
      provider.name = value;
    } else if (key == "module") {
      provider.module = value;
    } else if (key == "activate") {
      provider.active = SaysYes(value);
    } else if (key != "soft_load") {
      provider.parameters.emplace_back(raw, value);
    }
  }
  return provider;
}

std::optional<std::vector<ConfiguredProvider>> OpenSslConf::providers() const {
  const auto initialisation = Value(nullptr, "openssl_conf");
  if (!initialisation) return std::nullopt;
  const auto list = Value(initialisation->c_str(), "providers");
  const auto rows = list ? Section(*list) : std::nullopt;
  if (!rows) return std::nullopt;
  std::vector<ConfiguredProvider> providers;
  for (const auto& [name, section] : *rows) providers.push_back(ReadProvider(name, section));
  return providers;
}

std::string DefaultOpenSslConf() {
  const OpenSslPtr<char> path(CONF_get1_default_config_file());
  return path != nullptr ? std::string(path.get()) : std::string();
}

std::string ModuleFile(const ConfiguredProvider& provider) {
  const std::string module = provider.module.empty() ? provider.name : provider.module;
  if (module.find('/') != std::string::npos) return module;
  const char* directory = secure_getenv("OPENSSL_MODULES");
  if (directory == nullptr) directory = OPENSSL_info(OPENSSL_INFO_MODULES_DIR);
  return fmt::format("{}/{}{}", directory != nullptr ? directory : "", module,
                     module.ends_with(".so") ? "" : ".so");
}

bool IsSignet(const ConfiguredProvider& provider) {
  constexpr std::string_view kName = "signet";
  if (provider.name == kName || std::filesystem::path(provider.module).stem() == kName) return true;
  std::error_code none;
  return std::filesystem::canonical(ModuleFile(provider), none).stem() == kName;
}

const ConfiguredProvider* TheSignet(const std::vector<ConfiguredProvider>& providers) {
  const auto active = [](const ConfiguredProvider& provider) {
    return provider.active && IsSignet(provider);
  };
  auto found = std::ranges::find_if(providers, active);
  if (found == providers.end()) found = std::ranges::find_if(providers, IsSignet);
  return found != providers.end() ? &*found : nullptr;
}

OpenSslConfFaults AddOpenSslConf(Configuration& configuration, const std::string& path) {
  OpenSslConfFaults faults;
  configuration.BeginPlace(PlaceKind::kOpenSslConf);
  if (path.empty() || (access(path.c_str(), F_OK) != 0 && errno == ENOENT)) return faults;
  try {
    const auto providers = OpenSslConf::Read(path).providers();
    const ConfiguredProvider* signet = providers ? TheSignet(*providers) : nullptr;
    if (signet == nullptr) return faults;
    for (const auto& [name, value] : signet->parameters) {
      if (MeaningOf(name) == SettingMeaning::kUnknown) faults.unknown.push_back(name);
    }
    // In the order in which the provider asks for them; it never sees other names.
    for (const std::string_view name : SettingNames()) {
      for (const auto& [parameter, value] : signet->parameters) {
        if (parameter == name) configuration.Set(name, value, fmt::format("{} [{}]", path, signet->section));
      }
    }
  } catch (const Error& error) {
    faults.unreadable = error;
  }
  return faults;
}

}  // namespace signet::inline config

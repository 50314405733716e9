// The openssl.cnf: is `signet` active, is `default` active beside it and before it, and do its settings mean
// something.
#include "base/openssl_context.h"
#include "base/openssl_error.h"
#include "base/openssl_ptr.h"
#include "settings/setting_names.h"
#include "tool/doctor_checks.h"
#include <signet/error.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>

#include <fmt/format.h>
#include <openssl/conf.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <unistd.h>

namespace signet::tool {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

// Provider is one line of the section that lists providers, with its own section.
struct Provider {
  std::string name;
  std::string module;
  bool active = false;
  Pairs parameters;  // what OpenSSL does not take for itself
};

bool IsSignet(const Provider& provider) {
  return provider.name == "signet" || std::filesystem::path(provider.module).stem() == "signet";
}
bool IsPkcs11Provider(const Provider& provider) {
  const auto stem = std::filesystem::path(provider.module).stem();
  return !IsSignet(provider) && (stem == "pkcs11" || (provider.name == "pkcs11" && provider.module.empty()));
}

// SaysYes is how OpenSSL reads `activate`: until 3.1 the line alone activates, whatever it says.
bool SaysYes(const std::string& value) {
  if (OPENSSL_version_major() == 3 && OPENSSL_version_minor() < 2) return true;
  static constexpr std::string_view kYes[] = {"1", "yes", "YES", "true", "TRUE", "on", "ON"};
  return std::ranges::find(kYes, value) != std::end(kYes);
}

class OpenSslConf {
 public:
  // Read throws Error kUnreadable or kMalformed.
  static OpenSslConf Read(const std::string& path);

  // providers are as listed; nothing where the file does not configure any.
  std::optional<std::vector<Provider>> providers() const;

 private:
  explicit OpenSslConf(OpenSslPtr<CONF> conf) : conf_(std::move(conf)) {}
  std::optional<Pairs> Section(const std::string& name) const;
  std::optional<std::string> Value(const char* section, const char* name) const;
  Provider ReadProvider(const std::string& name, const std::string& section) const;

  OpenSslPtr<CONF> conf_;
};

OpenSslConf OpenSslConf::Read(const std::string& path) {
  const OpenSslErrorMark mark;
  if (access(path.c_str(), R_OK) != 0) {
    throw Error({.code = ErrorCode::kUnreadable,
                 .detail = "the file cannot be read",
                 .mend = "Correct OPENSSL_CONF, or the file's permissions."});
  }
  OpenSslPtr<CONF> conf(CheckOpenSsl(NCONF_new_ex(OwnContext(), nullptr), "NCONF_new_ex"));
  long line = 0;
  if (NCONF_load(conf.get(), path.c_str(), &line) != 1) {
    throw Error(
        {.code = ErrorCode::kMalformed,
         .detail = fmt::format("OpenSSL cannot read it from line {} on: {}", line, LastOpenSslError().name),
         .mend = "Correct that line: until then programs start without any of this file."});
  }
  return OpenSslConf(std::move(conf));
}

std::optional<Pairs> OpenSslConf::Section(const std::string& name) const {
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

// KeyOf strips what stands before the first dot: OpenSSL lets one name stand several times that way.
std::string KeyOf(const std::string& name) {
  const std::size_t dot = name.find('.');
  return dot == std::string::npos ? name : name.substr(dot + 1);
}

Provider OpenSslConf::ReadProvider(const std::string& name, const std::string& section) const {
  Provider provider{.name = KeyOf(name)};
  for (const auto& [raw, value] : Section(section).value_or(Pairs{})) {
    const std::string key = KeyOf(raw);
    if (key == "identity") {
      provider.name = value;
    } else if (key == "module") {
      provider.module = value;
    } else if (key == "activate") {
      provider.active = SaysYes(value);
    } else if (key != "soft_load") {
      provider.parameters.emplace_back(key, value);
    }
  }
  return provider;
}

std::optional<std::vector<Provider>> OpenSslConf::providers() const {
  const auto initialisation = Value(nullptr, "openssl_conf");
  if (!initialisation) return std::nullopt;
  const auto list = Value(initialisation->c_str(), "providers");
  const auto rows = list ? Section(*list) : std::nullopt;
  if (!rows) return std::nullopt;
  std::vector<Provider> providers;
  for (const auto& [name, section] : *rows) providers.push_back(ReadProvider(name, section));
  return providers;
}

// Reporter collects findings about one file.
class Reporter {
 public:
  explicit Reporter(const std::string& file) : what_(fmt::format("openssl.cnf {}", file)) {}
  void Say(Verdict verdict, std::string detail, std::string mend = {}) {
    findings_.push_back({verdict, what_, std::move(detail), std::move(mend)});
  }
  Findings Take() { return std::move(findings_); }

 private:
  std::string what_;
  Findings findings_;
};

void CheckActive(const std::vector<Provider>& providers, bool named, Reporter& report) {
  const auto signet = std::ranges::find_if(providers, IsSignet);
  const auto standard = std::ranges::find(providers, "default", &Provider::name);
  const bool other = std::ranges::any_of(providers, &Provider::active);
  if (signet == providers.end() || !signet->active) {
    report.Say(named ? Verdict::kBad : Verdict::kNote,
               signet == providers.end() ? "the provider signet is not configured"
                                         : "the provider signet is configured but not active",
               "Add a section for it with activate = 1, so that programs that read this file see its keys.");
  }
  if (other && (standard == providers.end() || !standard->active)) {
    report.Say(Verdict::kBad,
               "a provider is active and default is not: programs find no ciphers, no digests and no decoder "
               "(\"library has no ciphers\", \"DECODER routines::unsupported\")",
               "Add default to the providers, with activate = 1 in its section.");
  } else if (signet != providers.end() && signet->active) {
    report.Say(Verdict::kOk, "signet and default are both active");
  }
}

// ModuleFile is where OpenSSL looks for a provider's module.
std::string ModuleFile(const Provider& provider) {
  const std::string module = provider.module.empty() ? provider.name : provider.module;
  if (module.find('/') != std::string::npos) return module;
  const char* directory = secure_getenv("OPENSSL_MODULES");
  if (directory == nullptr) directory = OPENSSL_info(OPENSSL_INFO_MODULES_DIR);
  return fmt::format("{}/{}{}", directory != nullptr ? directory : "", module,
                     module.ends_with(".so") ? "" : ".so");
}

void CheckModuleFile(const Provider& provider, Reporter& report) {
  const std::string file = ModuleFile(provider);
  if (access(file.c_str(), R_OK) == 0) return;
  report.Say(Verdict::kBad, fmt::format("the provider's module {} is not there", file),
             "Install signet.so there, or correct the line module =.");
}

bool ReadableByAll(const std::string& file) {
  struct stat status {};
  return stat(file.c_str(), &status) == 0 && (status.st_mode & S_IROTH) != 0;
}

bool HoldsSecret(std::string_view name, std::string_view value) {
  if (!name.ends_with("token-pin")) return false;
  for (const std::string_view source : {"file:", "env:", "fd:", "credential:", "/"}) {
    if (value.starts_with(source)) return false;
  }
  return true;
}

// CheckValue lets the settings judge a value; a descriptor is another process's and not read here.
void CheckValue(const std::string& name, const std::string& value, Reporter& report) {
  if (value.starts_with("fd:")) return;
  try {
    Settings().Set(name, value);
  } catch (const Error& error) {
    report.Say(Verdict::kBad, error.detail(), error.mend());
  }
  if (name == "pkcs11-module-path" && value.starts_with('/') && access(value.c_str(), R_OK) != 0) {
    report.Say(Verdict::kBad, fmt::format("{} names {}, which is not there", name, value),
               "Name the token's PKCS#11 module, or leave the line out for all that p11-kit has configured.");
  }
}

void CheckParameters(const Provider& provider, const std::string& file, Reporter& report) {
  for (const auto& [name, value] : provider.parameters) {
    switch (MeaningOf(name)) {
      case SettingMeaning::kUnknown:
        report.Say(Verdict::kBad, fmt::format("there is no setting {}", name),
                   fmt::format("Did you mean {}?", ClosestSetting(name)));
        break;
      case SettingMeaning::kIgnored:
        report.Say(Verdict::kNote,
                   fmt::format("{} is a setting of pkcs11-provider that means nothing here", name),
                   "Leave it out when nothing else reads this file.");
        break;
      case SettingMeaning::kHonoured:
        CheckValue(name, value, report);
        break;
    }
    if (HoldsSecret(name, value) && ReadableByAll(file)) {
      report.Say(Verdict::kBad, fmt::format("{} holds a PIN, and every user may read the file", name),
                 "Put the PIN into a file that only this user may read, and write file:PATH here.");
    }
  }
}

Findings Check(const std::string& path, bool named) {
  Reporter report(path);
  const auto providers = OpenSslConf::Read(path).providers();
  if (!providers) {
    report.Say(
        named ? Verdict::kBad : Verdict::kNote,
        "no provider is configured: there is no openssl_conf line at the top that leads to a providers line",
        "Add openssl_conf, providers, and a section each for default and signet.");
    return report.Take();
  }
  CheckActive(*providers, named, report);
  for (const Provider& provider : *providers) {
    if (IsPkcs11Provider(provider) && provider.active) {
      report.Say(Verdict::kNote, "pkcs11-provider is active",
                 "To move to Signet, change its line module = to signet.so, and nothing else.");
    }
    if (!IsSignet(provider)) continue;
    CheckModuleFile(provider, report);
    CheckParameters(provider, path, report);
  }
  return report.Take();
}

std::string DefaultConf() {
  const OpenSslPtr<char> path(CONF_get1_default_config_file());
  return path != nullptr ? std::string(path.get()) : std::string();
}

}  // namespace

Findings CheckOpenSslConf(const std::string& path) {
  const bool named = !path.empty() || secure_getenv("OPENSSL_CONF") != nullptr;
  const std::string file = path.empty() ? DefaultConf() : path;
  try {
    return Check(file, named);
  } catch (const Error& error) {
    return {{named ? Verdict::kBad : Verdict::kNote, fmt::format("openssl.cnf {}", file), error.detail(),
             error.mend()}};
  }
}

}  // namespace signet::tool

// The openssl.cnf: is `signet` active, is `default` active with it and before it, and do its settings mean
// something.
#include "config/openssl_conf.h"
#include "settings/setting_names.h"
#include "tool/doctor_checks.h"
#include <signet/error.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace signet::tool {
namespace {

bool IsPkcs11Provider(const ConfiguredProvider& provider) {
  const auto stem = std::filesystem::path(provider.module).stem();
  return !IsSignet(provider) && (stem == "pkcs11" || (provider.name == "pkcs11" && provider.module.empty()));
}

// Reporter collects findings about one file.
class Reporter {
 public:
  explicit Reporter(const std::string& file) : what_(fmt::format("openssl.cnf {}", file)) {}
  void Say(Verdict verdict, std::string detail, std::string hint = {}) {
    findings_.push_back({verdict, what_, std::move(detail), std::move(hint)});
  }
  Findings Take() { return std::move(findings_); }

 private:
  std::string what_;
  Findings findings_;
};

void CheckActive(const std::vector<ConfiguredProvider>& providers, bool named, Reporter& report) {
  const ConfiguredProvider* signet = TheSignet(providers);
  const auto standard = std::ranges::find(providers, "default", &ConfiguredProvider::name);
  const bool other = std::ranges::any_of(providers, &ConfiguredProvider::active);
  if (signet == nullptr || !signet->active) {
    report.Say(named ? Verdict::kBad : Verdict::kNote,
               signet == nullptr ? "the provider signet is not configured"
                                 : "the provider signet is configured but not active",
               "Add a section for it with activate = 1; programs that read this file can then use its keys.");
  }
  if (other && (standard == providers.end() || !standard->active)) {
    report.Say(Verdict::kBad,
               "a provider is active but default is not: programs find no ciphers, digests and decoders "
               "(\"library has no ciphers\", \"DECODER routines::unsupported\")",
               "Add default to the providers, with activate = 1 in its section.");
  } else if (signet != nullptr && signet->active) {
    report.Say(Verdict::kOk, "signet and default are both active");
  }
}

void CheckModuleFile(const ConfiguredProvider& provider, Reporter& report) {
  const std::string file = ModuleFile(provider);
  if (access(file.c_str(), R_OK) == 0) return;
  report.Say(Verdict::kBad, fmt::format("the provider's module {} does not exist", file),
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
    report.Say(Verdict::kBad, error.detail(), error.hint());
  }
  if (name == "pkcs11-module-path" && value.starts_with('/') && access(value.c_str(), R_OK) != 0) {
    report.Say(Verdict::kBad, fmt::format("{} names {}, which does not exist", name, value),
               "Give the path of the token's PKCS#11 module, or remove the line to use all modules that are "
               "configured in p11-kit.");
  }
}

void CheckParameters(const ConfiguredProvider& provider, const std::string& file, Reporter& report) {
  for (const auto& [name, value] : provider.parameters) {
    switch (MeaningOf(name)) {
      case SettingMeaning::kUnknown:
        report.Say(Verdict::kBad, fmt::format("unknown setting {}", name), MeantSetting(name));
        break;
      case SettingMeaning::kIgnored:
        report.Say(Verdict::kNote,
                   fmt::format("{} is a setting of pkcs11-provider that Signet ignores", name),
                   "Remove it if no other program needs it.");
        break;
      case SettingMeaning::kHonoured:
        CheckValue(name, value, report);
        break;
    }
    if (HoldsSecret(name, value) && ReadableByAll(file)) {
      report.Say(Verdict::kBad, fmt::format("{} contains a PIN, and every user may read the file", name),
                 "Put the PIN into a file that only this user may read, and write file:PATH here.");
    }
  }
}

Findings Check(const std::string& path, bool named) {
  Reporter report(path);
  const auto providers = OpenSslConf::Read(path).providers();
  if (!providers) {
    report.Say(named ? Verdict::kBad : Verdict::kNote,
               "no provider is configured: no openssl_conf line at the top names a section with providers",
               "Add openssl_conf, providers, and a section each for default and signet.");
    return report.Take();
  }
  CheckActive(*providers, named, report);
  for (const ConfiguredProvider& provider : *providers) {
    if (IsPkcs11Provider(provider) && provider.active) {
      report.Say(Verdict::kNote, "pkcs11-provider is active",
                 "To migrate to Signet, change only its line module = to signet.so.");
    }
    if (!IsSignet(provider)) continue;
    CheckModuleFile(provider, report);
    CheckParameters(provider, path, report);
  }
  return report.Take();
}

}  // namespace

Findings CheckOpenSslConf(const std::string& path) {
  const bool named = !path.empty() || secure_getenv("OPENSSL_CONF") != nullptr;
  const std::string file = path.empty() ? DefaultOpenSslConf() : path;
  try {
    return Check(file, named);
  } catch (const Error& error) {
    return {{named ? Verdict::kBad : Verdict::kNote, fmt::format("openssl.cnf {}", file), error.detail(),
             error.hint()}};
  }
}

}  // namespace signet::tool

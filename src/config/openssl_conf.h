#pragma once

#include "base/openssl_ptr.h"
#include "config/configuration.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <openssl/conf.h>

namespace signet::inline config {

// ConfiguredProvider is one line of openssl.cnf's section that lists providers, with its own section.
struct ConfiguredProvider {
  std::string name;
  std::string section;
  std::string module;
  bool active = false;
  std::vector<std::pair<std::string, std::string>> parameters;  // what OpenSSL hands to the provider
};

// OpenSslConf is an openssl.cnf as OpenSSL reads it, .include lines followed. Nothing of it is activated.
class OpenSslConf {
 public:
  // Read throws Error kUnreadable or kMalformed.
  static OpenSslConf Read(const std::string& path);

  // providers are as listed; nothing if the file does not configure any.
  std::optional<std::vector<ConfiguredProvider>> providers() const;

 private:
  using Pairs = std::vector<std::pair<std::string, std::string>>;

  explicit OpenSslConf(OpenSslPtr<CONF> conf) : conf_(std::move(conf)) {}
  std::optional<Pairs> Section(const std::string& name) const;
  std::optional<std::string> Value(const char* section, const char* name) const;
  ConfiguredProvider ReadProvider(const std::string& name, const std::string& section) const;

  OpenSslPtr<CONF> conf_;
};

// DefaultOpenSslConf is the file that programs read: OPENSSL_CONF's, but in set-user-ID programs, else that
// of OPENSSLDIR.
std::string DefaultOpenSslConf();

// ModuleFile is where OpenSSL looks for a provider's module.
std::string ModuleFile(const ConfiguredProvider& provider);
// IsSignet tells whether a provider is this one, by its name or by its module, links followed.
bool IsSignet(const ConfiguredProvider& provider);
// TheSignet is the first active one, else the first; null if there is none.
const ConfiguredProvider* TheSignet(const std::vector<ConfiguredProvider>& providers);

// OpenSslConfFaults are what is wrong with a file that AddOpenSslConf read.
struct OpenSslConfFaults {
  std::optional<Error> unreadable;   // the file counts as an empty one then; no file is no fault
  std::vector<std::string> unknown;  // names in TheSignet's section that are not settings
};
// AddOpenSslConf adds what TheSignet reads from the file at `path`.
OpenSslConfFaults AddOpenSslConf(Configuration& configuration, const std::string& path);

}  // namespace signet::inline config

#pragma once

#include <string>
#include <string_view>

namespace signet::inline config {

// PlaceKind is a place of settings; each kind overrides those above it.
enum class PlaceKind {
  kOpenSslConf,  // the provider's section of openssl.cnf, read by us
  kParameters,   // that section as libcrypto hands it to the provider, and what the program adds to it
  kEnvironment,
  kSet,     // the command's --set
  kOption,  // an option for one setting: --module, --pin-source, a store's parameter
};

struct SettingPlace {
  PlaceKind kind = PlaceKind::kOpenSslConf;
  std::string where;  // "/etc/ssl/openssl.cnf [signet_sect]", "SIGNET_MODULE", "--set"
};

// Name gives the kind's stable spelling: "openssl.cnf", "parameters", "environment", "command-line".
std::string_view Name(PlaceKind kind) noexcept;
// InWords names a place in a sentence: "the variable SIGNET_MODULE".
std::string InWords(const SettingPlace& place);

}  // namespace signet::inline config

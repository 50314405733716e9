#pragma once

#include "config/configuration.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace signet::inline config {

// VariableOf gives the variable of a setting: SIGNET_ and its name in capitals, `-` as `_`. That of
// signet-config is SIGNET_CONFIG.
std::string VariableOf(std::string_view setting);

// AddEnvironment adds the variables of all settings, and PKCS11_PROVIDER_MODULE, which is pkcs11-provider's
// name for the module's. Of several variables for one setting the full name overrides the short form, and
// both before PKCS11_PROVIDER_MODULE. A set-user-ID program has no environment in this sense.
// `lookup` gives a variable's value, or null.
using EnvironmentLookup = std::function<const char*(const char* name)>;
void AddEnvironment(Configuration& configuration, const EnvironmentLookup& lookup);
void AddEnvironment(Configuration& configuration);

// UnknownVariable has the prefix of settings and matches none.
struct UnknownVariable {
  std::string name;
  std::string nearest;  // the variable that is likely meant; empty if none is near enough
};

// UnknownVariables looks through the environment of this process; none in a set-user-ID program. Variables of
// the testing kit, SIGNET_TESTING_..., are left out.
std::vector<UnknownVariable> UnknownVariables();

}  // namespace signet::inline config

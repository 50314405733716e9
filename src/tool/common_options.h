#pragma once

#include <signet/identity_source.h>
#include <signet/pin_prompt.h>
#include <signet/settings.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace signet::tool {

// Exit statuses of the command.
inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kWrongUsage = 2;

// CommonOptions are what every verb understands, before or after its name, and the verb that was asked for.
struct CommonOptions {
  bool json = false;
  std::vector<std::string> modules;
  std::vector<std::string> settings;  // name=value
  std::string pin_source;

  std::function<int()> verb;  // set by the verb's registration; gives the exit status

  // MakeSettings joins environment, --set, --module and --pin-source, the later over the earlier; throws
  // Error kBadSetting.
  Settings MakeSettings() const;
  // MakePrompt asks at the terminal, and answers for a file's password from --pin-source first. `made` is
  // what MakeSettings gave: a descriptor can be read only once.
  std::shared_ptr<PinPrompt> MakePrompt(const Settings& made) const;
  // OpenSource is the identities' source with both.
  IdentitySource OpenSource() const;

  void AddTo(CLI::App& app);
};

// AddUri and AddUris declare the argument that names identities as people type them: see TypedUri.
CLI::Option* AddUri(CLI::App& verb, std::string& uri, const std::string& meaning);
CLI::Option* AddUris(CLI::App& verb, std::vector<std::string>& uris, const std::string& meaning);
// TakesUri has an option take them too.
void TakesUri(CLI::Option& option);

}  // namespace signet::tool

#pragma once

#include "config/configuration.h"
#include "config/environment.h"
#include <signet/identity_source.h>
#include <signet/pin_prompt.h>
#include <signet/settings.h>

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace signet::tool {

// Exit statuses of the command.
inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kWrongUsage = 2;

// CommonOptions are what every verb understands, before or after its name, the verb that was asked for, and
// the configuration of this run.
class CommonOptions {
 public:
  bool json = false;
  std::vector<std::string> modules;
  std::vector<std::string> sets;  // name=value
  std::string pin_source;
  std::string
      openssl_conf;  // set by the verb that takes --openssl-conf; empty for the one that programs read

  std::function<int()> verb;  // set by the verb's registration; gives the exit status

  // Configure reads openssl.cnf, the environment and these options, once for each run: a descriptor can be
  // read only once. Throws Error kBadSetting for what the options have wrong. `arguments` are the command's.
  void Configure(std::span<char* const> arguments);
  // PrintWarnings says on stderr what a user should know of the environment and of openssl.cnf; no verb but
  // doctor does without.
  void PrintWarnings() const;

  const Configuration& configuration() const noexcept { return configuration_; }
  // settings throws Error kBadSetting for what openssl.cnf or the environment have wrong.
  const Settings& settings() const { return configuration_.settings(); }
  // unknown_variables begin with SIGNET_ and are neither a setting nor named by a pin-source.
  const std::vector<UnknownVariable>& unknown_variables() const noexcept { return unknown_variables_; }

  // MakePrompt asks at the terminal, and answers for a file's password from --pin-source first.
  std::shared_ptr<PinPrompt> MakePrompt() const;
  // OpenSource is the identities' source with both.
  IdentitySource OpenSource() const;

  void AddTo(CLI::App& app);

 private:
  void AddOptions();

  Configuration configuration_;
  std::vector<UnknownVariable> unknown_variables_;
  std::string openssl_conf_file_;
  std::vector<std::string> unknown_parameters_;  // of its section for us
  std::optional<Error> openssl_conf_trouble_;
};

// AddUri and AddUris declare the argument that names identities as people type them: see TypedUri.
CLI::Option* AddUri(CLI::App& verb, std::string& uri, const std::string& meaning);
CLI::Option* AddUris(CLI::App& verb, std::vector<std::string>& uris, const std::string& meaning);
// TakesUri has an option take them too.
void TakesUri(CLI::Option& option);

}  // namespace signet::tool

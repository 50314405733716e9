#include "tool/common_options.h"

#include "config/openssl_conf.h"
#include "settings/setting_names.h"
#include "tool/console.h"
#include "tool/terminal_prompt.h"
#include "tool/typed_uri.h"
#include <signet/error.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include <fmt/format.h>

namespace signet::tool {
namespace {

// PasswordFromSource answers for passwords of files from a pin-source. A token's PIN goes the settings' way,
// which knows which token the URI names; this prompt could not tell.
class PasswordFromSource : public PinPrompt {
 public:
  PasswordFromSource(PinSource source, std::shared_ptr<PinPrompt> next)
      : source_(std::move(source)), next_(std::move(next)) {}

  std::optional<Secret> Ask(const PinRequest& request) override {
    return request.kind == PinRequest::Kind::kPassword ? source_.Read() : next_->Ask(request);
  }
  void LookAtReader(const PinRequest& request) override { next_->LookAtReader(request); }

 private:
  PinSource source_;
  std::shared_ptr<PinPrompt> next_;
};

// RequirePath gives a pin-source that is a path without `file:`; throws Error for other values.
const std::string& RequirePath(const std::string& source) {
  static_cast<void>(PinSource::Parse(source));
  return source;
}

// IsNamed tells whether an argument names the variable as a pin-source.
bool IsNamed(const UnknownVariable& variable, std::span<char* const> arguments) {
  return std::ranges::any_of(arguments, [&](std::string_view argument) {
    return std::ranges::any_of(std::array{"env:", "env%3A", "env%3a"}, [&](const char* kind) {
      return argument.find(kind + variable.name) != std::string_view::npos;
    });
  });
}

}  // namespace

void CommonOptions::Configure(std::span<char* const> arguments) {
  const std::string file = openssl_conf.empty() ? DefaultOpenSslConf() : openssl_conf;
  openssl_conf_file_ = file;
  OpenSslConfFaults faults = AddOpenSslConf(configuration_, file);
  unknown_parameters_ = std::move(faults.unknown);
  if (const auto& trouble = faults.unreadable) {
    openssl_conf_trouble_ = Error({.code = trouble->code(),
                                   .detail = fmt::format("openssl.cnf {}: {}", file, trouble->detail()),
                                   .hint = trouble->hint()});
  }
  AddEnvironment(configuration_);
  AddOptions();
  for (const Configuration::Value& value : configuration_.values()) {
    if (value.fault && value.place.kind >= PlaceKind::kSet) throw Error(*value.fault);
  }
  unknown_variables_ = UnknownVariables();
  const std::string pin = configuration_.readable().token_pin.description();
  std::erase_if(unknown_variables_, [&](const UnknownVariable& variable) {
    return IsNamed(variable, arguments) || pin == "env:" + variable.name;
  });
}

void CommonOptions::AddOptions() {
  configuration_.BeginPlace(PlaceKind::kSet);
  for (const std::string& set : sets) {
    const std::size_t equals = set.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw Error({.code = ErrorCode::kBadSetting,
                   .detail = equals == 0 ? "--set without a name" : "--set without an equals sign",
                   .hint = "Write --set name=value."});
    }
    configuration_.Set(set.substr(0, equals), std::string_view(set).substr(equals + 1), "--set");
  }
  configuration_.BeginPlace(PlaceKind::kOption);
  for (const std::string& path : modules) configuration_.Set("pkcs11-module-path", path, "--module");
  if (pin_source.empty()) return;
  // A setting may be the PIN itself, which here would stand where every user of the machine sees it: Parse
  // refuses it, and reads a path without `file:` as everywhere.
  const std::string source = PinSource::Names(pin_source) ? pin_source : "file:" + RequirePath(pin_source);
  configuration_.Set("pkcs11-module-token-pin", source, "--pin-source");
}

void CommonOptions::PrintWarnings() const {
  const Console console(stderr);
  const auto warn = [&](std::string_view text) {
    console.Row("signet: ", fmt::format("warning: {}", text), Colour::kNote);
  };
  for (const UnknownVariable& variable : unknown_variables_) {
    warn(fmt::format("{} does not match any setting.{}", variable.name,
                     variable.nearest.empty() ? "" : fmt::format(" Did you mean {}?", variable.nearest)));
  }
  for (const std::string& name : unknown_parameters_) {
    warn(fmt::format("openssl.cnf {}: unknown setting {}. {}", openssl_conf_file_, name, MeantSetting(name)));
  }
  if (openssl_conf_trouble_) warn(openssl_conf_trouble_->what());
}

std::shared_ptr<PinPrompt> CommonOptions::MakePrompt() const {
  auto terminal = std::make_shared<TerminalPrompt>();
  if (pin_source.empty()) return terminal;
  return std::make_shared<PasswordFromSource>(configuration_.readable().token_pin, std::move(terminal));
}

IdentitySource CommonOptions::OpenSource() const { return IdentitySource(settings(), MakePrompt()); }

void CommonOptions::AddTo(CLI::App& app) {
  app.add_flag("--json", json, "One JSON document on stdout");
  // One value each time: what follows may be the verb.
  app.add_option("--module", modules, "PKCS#11 module (default: all modules configured in p11-kit)")
      ->type_name("PATH")
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--set", sets, "A setting, as in openssl.cnf")
      ->type_name("NAME=VALUE")
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--pin-source", pin_source,
                 "Source of the PIN or password: file:PATH, env:NAME, fd:N or credential:NAME")
      ->type_name("SOURCE");
}

void TakesUri(CLI::Option& option) {
  option.transform(CLI::Validator(
      [](std::string& typed) {
        typed = TypedUri(typed);
        return std::string();
      },
      ""));
}

CLI::Option* AddUri(CLI::App& verb, std::string& uri, const std::string& meaning) {
  CLI::Option* option = verb.add_option("URI", uri, meaning)->type_name("");
  TakesUri(*option);
  return option;
}

CLI::Option* AddUris(CLI::App& verb, std::vector<std::string>& uris, const std::string& meaning) {
  CLI::Option* option = verb.add_option("URI", uris, meaning)->type_name("");
  TakesUri(*option);
  return option;
}

}  // namespace signet::tool

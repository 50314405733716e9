#include "tool/common_options.h"

#include "tool/terminal_prompt.h"
#include "tool/typed_uri.h"
#include <signet/error.h>

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

}  // namespace

Settings CommonOptions::MakeSettings() const {
  Settings made;
  made.ApplyEnvironment();
  for (const std::string& setting : settings) {
    const std::size_t equals = setting.find('=');
    if (equals == std::string::npos) {
      throw Error({.code = ErrorCode::kBadSetting,
                   .detail = "--set without an equals sign",
                   .mend = "Write --set name=value."});
    }
    made.Set(setting.substr(0, equals), std::string_view(setting).substr(equals + 1));
  }
  if (!modules.empty()) made.modules = modules;
  if (!pin_source.empty()) made.token_pin = PinSource::Parse(pin_source);
  return made;
}

std::shared_ptr<PinPrompt> CommonOptions::MakePrompt(const Settings& made) const {
  auto terminal = std::make_shared<TerminalPrompt>();
  if (pin_source.empty()) return terminal;
  return std::make_shared<PasswordFromSource>(made.token_pin, std::move(terminal));
}

IdentitySource CommonOptions::OpenSource() const {
  Settings made = MakeSettings();
  auto prompt = MakePrompt(made);
  return IdentitySource(std::move(made), std::move(prompt));
}

void CommonOptions::AddTo(CLI::App& app) {
  app.add_flag("--json", json, "One JSON document on stdout");
  // One value each time: what follows may be the verb.
  app.add_option("--module", modules, "PKCS#11 module (default: all that p11-kit has configured)")
      ->type_name("PATH")
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--set", settings, "A setting, as in openssl.cnf")
      ->type_name("NAME=VALUE")
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--pin-source", pin_source,
                 "Where the PIN or password comes from: file:PATH, env:NAME, fd:N or credential:NAME")
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

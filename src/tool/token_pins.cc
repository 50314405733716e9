#include "libp11/token_setup.h"
#include "tool/token_common.h"
#include <signet/error.h>

#include <fmt/format.h>

namespace signet::tool {
namespace {

struct InitOptions {
  std::string label;
  std::string so_pin_source;
  bool force = false;
};

struct SetPinOptions {
  std::string token;
  std::string so_pin_source;
  std::string new_pin_source;
  bool security_officer = false;
};

// ModuleFor gives the module of --module, or of the only blank token; with --force, that of the token to
// wipe.
std::string ModuleFor(const CommonOptions& common, const InitOptions& options) {
  const std::vector<std::string> modules = common.MakeSettings().modules;
  if (modules.size() == 1) return modules.front();
  if (options.force) {
    for (const TokenPlace& token : FindTokens(modules)) {
      if (token.label == options.label) return token.module_path;
    }
  }
  return BlankTokenModule(modules);
}

int Init(const CommonOptions& common, const InitOptions& options) {
  const std::string module = ModuleFor(common, options);
  TokenSetup setup(module);
  setup.CheckCanInitialise(options.label, options.force);  // before anybody is asked for PINs
  const Secret so_pin = NewPin(
      options.so_pin_source, fmt::format("Security officer's PIN for {}", options.label), "--so-pin-source");
  const Secret pin =
      NewPin(common.pin_source, fmt::format("User's PIN for {}", options.label), "--pin-source");
  const std::string serial = setup.Initialise(options.label, so_pin, pin, options.force);
  PrintToken(common, fmt::format("The token {} is ready.", options.label),
             {.module_path = module, .label = options.label, .serial = serial});
  return kDone;
}

int SetPin(const CommonOptions& common, const SetPinOptions& options) {
  const TokenPlace token = TheToken(common, options.token);
  using enum PinRequest::Kind;
  if (options.security_officer) {
    const Secret old_pin =
        KnownPin(options.so_pin_source, kSecurityOfficerPin, token.label, "--so-pin-source");
    const Secret new_pin =
        NewPin(options.new_pin_source, "New PIN of the security officer", "--new-pin-source");
    TokenSetup(token.module_path).ChangePin(token.label, token.serial, old_pin, new_pin, true);
    PrintToken(common, fmt::format("The security officer of {} has a new PIN.", token.label), token);
    return kDone;
  }
  if (!options.so_pin_source.empty()) {
    const Secret so_pin =
        KnownPin(options.so_pin_source, kSecurityOfficerPin, token.label, "--so-pin-source");
    const Secret new_pin = NewPin(options.new_pin_source, "New PIN of the user", "--new-pin-source");
    TokenSetup(token.module_path).ResetPin(token.label, token.serial, so_pin, new_pin);
  } else {
    const std::optional<Secret> old_pin = UserPin(common, token);
    if (!old_pin) {
      throw Error({.code = ErrorCode::kUnsupported,
                   .detail = "the token's reader asks for PINs itself, and libp11 cannot change one there",
                   .token = token.label,
                   .mend = "Use the reader's or the card's own tool."});
    }
    const Secret new_pin = NewPin(options.new_pin_source, "New PIN of the user", "--new-pin-source");
    TokenSetup(token.module_path).ChangePin(token.label, token.serial, *old_pin, new_pin, false);
  }
  PrintToken(common, fmt::format("The user of {} has a new PIN.", token.label), token);
  return kDone;
}

}  // namespace

void AddTokenInit(CLI::App& token, CommonOptions& common) {
  auto options = std::make_shared<InitOptions>();
  CLI::App* verb = token.add_subcommand("init", "Give a blank token a label and its PINs");
  verb->add_option("--label", options->label, "The token's label, 1 to 32 bytes")->required();
  verb->add_option("--so-pin-source", options->so_pin_source, "Where the security officer's PIN comes from")
      ->type_name("SOURCE");
  verb->add_flag("--force", options->force, "Wipe the token that has this label already");
  verb->callback([&common, options] { common.verb = [&common, options] { return Init(common, *options); }; });
}

void AddTokenSetPin(CLI::App& token, CommonOptions& common) {
  auto options = std::make_shared<SetPinOptions>();
  CLI::App* verb =
      token.add_subcommand("set-pin", "Change the user's PIN, or reset it with the security officer's");
  verb->add_option("--token,--label", options->token, "The token's label or serial number");
  verb->add_option("--so-pin-source", options->so_pin_source,
                   "The security officer's PIN: resets a forgotten or locked user PIN")
      ->type_name("SOURCE");
  verb->add_option("--new-pin-source", options->new_pin_source, "Where the new PIN comes from")
      ->type_name("SOURCE");
  verb->add_flag("--so", options->security_officer, "Change the security officer's PIN instead");
  verb->callback(
      [&common, options] { common.verb = [&common, options] { return SetPin(common, *options); }; });
}

}  // namespace signet::tool

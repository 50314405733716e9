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

int Init(const CommonOptions& common, const InitOptions& options) {
  const Settings& settings = common.settings();
  // Before anybody is asked for PINs.
  const TokenPlace place = FindPlaceFor(settings, options.label, options.force);
  PinToSend so_pin;
  if (place.initialised) {
    so_pin = OfficerPin(settings, place, options.so_pin_source);
  } else {
    so_pin.pin = NewPin(place, options.so_pin_source,
                        fmt::format("Security officer's PIN for {}", options.label), "--so-pin-source");
  }
  // The settings' PIN is --pin-source where that is given: a descriptor can be read only once.
  std::optional<Secret> pin = settings.token_pin.Read();
  if (!pin || place.reader_asks) {
    pin = NewPin(place, {}, fmt::format("User's PIN for {}", options.label), "--pin-source");
  }
  const TokenPlace token = Initialise(place, options.label, so_pin, pin);
  PrintToken(common, fmt::format("The token {} is ready.", options.label), token);
  return kDone;
}

int SetPin(const CommonOptions& common, const SetPinOptions& options) {
  const Settings& settings = common.settings();
  const TokenPlace token = TheToken(settings, options.token);
  if (options.security_officer) {
    const PinToSend old_pin = OfficerPin(settings, token, options.so_pin_source);
    ChangeOfficerPin(
        token, old_pin,
        NewPin(token, options.new_pin_source, "New PIN of the security officer", "--new-pin-source"));
    PrintToken(common, fmt::format("The security officer of {} has a new PIN.", token.label), token);
    return kDone;
  }
  const auto new_pin = [&] {
    return NewPin(token, options.new_pin_source, "New PIN of the user", "--new-pin-source");
  };
  if (!options.so_pin_source.empty()) {
    const PinToSend so_pin = OfficerPin(settings, token, options.so_pin_source);
    ResetPin(token, so_pin, new_pin());
  } else {
    const PinToSend old_pin = UserPin(settings, token);
    ChangePin(token, old_pin, new_pin());
  }
  PrintToken(common, fmt::format("The user of {} has a new PIN.", token.label), token);
  return kDone;
}

}  // namespace

void AddTokenInit(CLI::App& token, CommonOptions& common) {
  auto options = std::make_shared<InitOptions>();
  CLI::App* verb = token.add_subcommand("init", "Give a blank token a label and its PINs");
  verb->add_option("--label", options->label, "The token's label, 1 to 32 bytes")->required();
  verb->add_option("--so-pin-source", options->so_pin_source, "Source of the security officer's PIN")
      ->type_name("SOURCE");
  verb->add_flag("--force", options->force, "Erase an existing token with this label");
  verb->footer("signet token init --label demo --so-pin-source file:officer-pin --pin-source file:pin");
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
  verb->add_option("--new-pin-source", options->new_pin_source, "Source of the new PIN")->type_name("SOURCE");
  verb->add_flag("--so", options->security_officer, "Change the security officer's PIN instead");
  verb->footer(
      "signet token set-pin --token demo\n"
      "signet token set-pin --token demo --so-pin-source file:officer-pin");
  verb->callback(
      [&common, options] { common.verb = [&common, options] { return SetPin(common, *options); }; });
}

}  // namespace signet::tool

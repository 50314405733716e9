#include "tool/token_common.h"

#include "base/hex.h"
#include "tool/console.h"
#include "tool/terminal_prompt.h"
#include <signet/error.h>
#include <signet/pin_source.h>

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>

namespace signet::tool {
namespace {

[[noreturn]] void ThrowPinNeeded(const std::string& token, const std::string& option) {
  throw Error(
      {.code = ErrorCode::kPinNeeded,
       .detail = "no PIN was given, and there is no terminal for a prompt, or the prompt was declined",
       .token = token,
       .hint = fmt::format("Give {} file:PATH, env:NAME, fd:N or credential:NAME.", option)});
}

// Completed asks at the terminal where no source gave a PIN. A person who is told that it is the final try
// may use it.
PinToSend Completed(PinToSend given, const PinRequest& request, const std::string& option) {
  if (!given.pin) {
    given.pin = TerminalPrompt().Ask(request);
    given.allow_final_try |= request.final_try;
  }
  if (!given.pin) ThrowPinNeeded(request.name, option);
  if (given.pin->empty()) {
    throw Error({.code = ErrorCode::kWrongPin,
                 .detail = "the given PIN is empty and was not sent",
                 .token = request.name,
                 .hint = fmt::format("Check the source in {}; a descriptor can be read only once.", option)});
  }
  return given;
}

}  // namespace

TokenPlace TheToken(const Settings& settings, const std::string& wanted) {
  std::vector<TokenPlace> tokens = FindTokens(settings);
  if (!wanted.empty()) {
    std::erase_if(tokens,
                  [&](const TokenPlace& token) { return token.label != wanted && token.serial != wanted; });
  }
  if (tokens.size() == 1) return tokens.front();
  if (tokens.empty()) {
    throw Error(
        {.code = ErrorCode::kTokenAbsent,
         .detail = wanted.empty() ? "there is no initialised token"
                                  : fmt::format("no token has the label or serial number \"{}\"", wanted),
         .token = wanted,
         .hint = "Insert the token, check its name and --module, or prepare a token: signet token init."});
  }
  std::string candidates;
  for (const TokenPlace& token : tokens) candidates += fmt::format("\n  {}", UriOf(token));
  throw Error({.code = ErrorCode::kAmbiguous,
               .detail = fmt::format("{} tokens are there", tokens.size()),
               .hint = fmt::format("Name one by label or serial number with --token:{}", candidates)});
}

PinToSend UserPin(const Settings& settings, const TokenPlace& token) {
  if (token.locked) {
    throw Error({.code = ErrorCode::kPinLocked,
                 .detail = "the token's PIN is locked",
                 .token = token.label,
                 .hint = "Reset it: signet token set-pin --so-pin-source SOURCE."});
  }
  const PinRequest request{.kind = PinRequest::Kind::kUserPin,
                           .name = token.label,
                           .uri = UriOf(token),
                           .count_low = token.count_low,
                           .final_try = token.final_try};
  PinToSend given{.pin = {}, .allow_final_try = settings.allow_final_try};
  if (token.reader_asks) {
    TerminalPrompt().LookAtReader(request);
    // A person who was told that this is the final try decides at the pad.
    given.allow_final_try |= token.final_try;
    return given;
  }
  given.pin = settings.token_pin.Read();
  if (given.pin && token.final_try && !settings.allow_final_try) {
    throw Error({.code = ErrorCode::kPinFinalTry,
                 .detail = "the token reports that one more wrong PIN locks it, so no PIN was sent",
                 .token = token.label,
                 .hint = "Type the PIN at a terminal, or add --set allow-final-try=true."});
  }
  return Completed(std::move(given), request, "--pin-source");
}

PinToSend OfficerPin(const Settings& settings, const TokenPlace& token, const std::string& source) {
  const PinRequest request{.kind = PinRequest::Kind::kSecurityOfficerPin,
                           .name = token.label,
                           .uri = UriOf(token),
                           .final_try = token.officer_final_try};
  PinToSend given{.pin = {}, .allow_final_try = settings.allow_final_try};
  if (token.reader_asks) {
    TerminalPrompt().LookAtReader(request);
    return given;
  }
  if (!source.empty()) given.pin = PinSource::Parse(source).Read();
  return Completed(std::move(given), request, "--so-pin-source");
}

std::optional<Secret> NewPin(const TokenPlace& token, const std::string& source, const std::string& question,
                             const std::string& option) {
  if (token.reader_asks) return std::nullopt;
  std::optional<Secret> pin = source.empty() ? AskTwice(question) : PinSource::Parse(source).Read();
  if (!pin) ThrowPinNeeded({}, option);
  if (pin->empty()) {
    throw Error({.code = ErrorCode::kWrongPin,
                 .detail = "the new PIN is empty",
                 .hint = fmt::format("Check the source in {}.", option)});
  }
  return pin;
}

std::vector<std::uint8_t> IdOption(const std::string& text) {
  std::string digits;
  std::ranges::copy_if(text, std::back_inserter(digits), [](char c) { return c != ':' && c != '%'; });
  std::vector<std::uint8_t> id;
  const bool hexadecimal = std::ranges::all_of(digits, [](unsigned char c) { return std::isxdigit(c) != 0; });
  if (!hexadecimal || digits.size() % 2 != 0 || (digits.empty() && !text.empty())) {
    throw Error({.code = ErrorCode::kBadArgument,
                 .detail = "--id requires an even number of hexadecimal digits",
                 .hint = "Write it like --id 01 or --id a1b2c3."});
  }
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    id.push_back(static_cast<std::uint8_t>(std::stoi(digits.substr(i, 2), nullptr, 16)));
  }
  return id;
}

void PrintToken(const CommonOptions& common, const std::string& done, const TokenPlace& token) {
  if (common.json) {
    PrintJson({{"token", {{"label", token.label}, {"serial", token.serial}, {"uri", UriOf(token)}}}});
  } else {
    const Console out(stdout);
    out.Line(done);
    out.Row("  ", UriOf(token));
  }
}

void PrintObject(const CommonOptions& common, const std::string& done, const TokenPlace& token,
                 const ObjectName& name, const Json& more) {
  const std::string uri = UriOf(token, &name);
  if (common.json) {
    Json document = {{"uri", uri}, {"id", HexEncode(name.id)}, {"label", name.label}};
    document.update(more);
    PrintJson(document);
    return;
  }
  const Console out(stdout);
  out.Line(done);
  out.Row("  ", uri);
  if (more.contains("public_key")) out.Raw(more["public_key"].get<std::string>());
}

}  // namespace signet::tool

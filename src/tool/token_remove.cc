#include "base/hex.h"
#include "base/printable.h"
#include "tool/console.h"
#include "tool/terminal_prompt.h"
#include "tool/token_common.h"
#include "tool/typed_uri.h"
#include <signet/error.h>

#include <cstdio>

#include <fmt/format.h>

namespace signet::tool {
namespace {

struct RemoveOptions {
  std::string uri;
  bool yes = false;
};

TokenPlace TokenOf(const Settings& settings, const std::string& uri) {
  std::vector<TokenPlace> tokens = FindTokens(settings);
  std::erase_if(tokens, [&](const TokenPlace& token) { return !FitsUri(token, uri); });
  if (tokens.size() == 1) return tokens.front();
  throw Error({.code = tokens.empty() ? ErrorCode::kTokenAbsent : ErrorCode::kAmbiguous,
               .detail = tokens.empty() ? "no token matches the URI"
                                        : fmt::format("the URI matches {} tokens", tokens.size()),
               .uri = WithoutPin(uri),
               .hint = "Name the token with token= or serial=."});
}

std::string InWords(const Matched& object) {
  return fmt::format("{} id={} object={}", object.kind, HexEncode(object.name.id), object.name.label);
}

// Hint is for a URI that fits nothing. What would be removed is never guessed.
std::string Hint(const std::string& uri) {
  if (!WithHexId(WithoutPin(uri))) return "Run `signet list` to see the available identities.";
  return fmt::format("Write the ID percent-encoded: {}.", *WithHexId(WithoutPin(uri)));
}

int Remove(const CommonOptions& common, const RemoveOptions& options) {
  if (!options.uri.starts_with("pkcs11:")) {
    throw Error({.code = ErrorCode::kBadUri,
                 .detail = "only what is on a token can be removed",
                 .uri = WithoutPin(options.uri),
                 .hint = "Write pkcs11:token=...;id=... as `signet list` shows it."});
  }
  const Settings& settings = common.settings();
  const TokenPlace token = TokenOf(settings, options.uri);
  FoundObjects found(token, UserPin(settings, token), options.uri);
  const std::vector<Matched>& objects = found.matched();
  if (objects.empty()) {
    throw Error({.code = ErrorCode::kNotFound,
                 .detail = "the token has no such object",
                 .token = token.label,
                 .uri = WithoutPin(options.uri),
                 .hint = Hint(options.uri)});
  }
  std::string question = fmt::format("This permanently removes from the token {}:\n", token.label);
  for (const Matched& object : objects) question += fmt::format("  {}\n", Printable(InWords(object)));
  if (!options.yes && !Confirm(question + "Remove? [y/N] ")) {
    throw Error({.code = ErrorCode::kNotFound,
                 .detail = "nothing was removed, because the removal was not confirmed",
                 .uri = WithoutPin(options.uri),
                 .hint = "Answer y, or add --yes."});
  }
  found.Remove();
  if (common.json) {
    Json removed = Json::array();
    for (const Matched& object : objects) {
      removed.push_back(
          {{"kind", object.kind}, {"id", HexEncode(object.name.id)}, {"label", object.name.label}});
    }
    PrintJson({{"removed", removed}});
  } else {
    for (const Matched& object : objects) Console(stdout).Row("removed ", InWords(object));
  }
  return kDone;
}

}  // namespace

void AddTokenRemove(CLI::App& token, CommonOptions& common) {
  auto options = std::make_shared<RemoveOptions>();
  CLI::App* verb = token.add_subcommand("remove", "Remove the objects that a URI names from a token");
  AddUri(*verb, options->uri, "pkcs11:token=...;id=... or object=..., with type= for only one kind")
      ->required();
  verb->footer("signet token remove 'pkcs11:token=demo;id=%01'");
  verb->add_flag("--yes", options->yes, "Do not ask");
  verb->callback(
      [&common, options] { common.verb = [&common, options] { return Remove(common, *options); }; });
}

}  // namespace signet::tool

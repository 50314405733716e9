#include "tool/usage.h"

#include "base/edit_distance.h"
#include "tool/help.h"

#include <algorithm>
#include <optional>
#include <vector>

#include <fmt/format.h>

namespace signet::tool {
namespace {

// Nearest gives the name that begins with what was typed, or that differs least from it, where that is near
// enough to be meant.
std::optional<std::string> Nearest(const std::string& typed, const std::vector<std::string>& names) {
  const auto begun = std::ranges::find_if(
      names, [&](const std::string& name) { return typed.size() > 1 && name.starts_with(typed); });
  if (begun != names.end()) return *begun;
  const auto distance = [&](const std::string& name) { return EditDistance(typed, name); };
  const auto best = std::ranges::min_element(names, {}, distance);
  if (best == names.end()) return std::nullopt;
  const std::size_t most = std::max<std::size_t>(1, std::min(typed.size(), best->size()) / 2);
  return distance(*best) <= most ? std::optional(*best) : std::nullopt;
}

std::vector<std::string> VerbsOf(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(verb->get_name());
  return names;
}

std::vector<std::string> OptionsOf(const CLI::App* app) {
  std::vector<std::string> names;
  for (; app != nullptr; app = app->get_parent()) {
    for (const CLI::Option* option : app->get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
  }
  return names;
}

std::string SeeHelp(const CLI::App& verb) { return fmt::format("See `{} --help`.", CommandOf(verb)); }

Error Unknown(const CLI::App& verb, std::string detail, const std::string& typed,
              const std::vector<std::string>& names, std::string_view prefix) {
  const auto nearest = Nearest(typed, names);
  const std::string meant = nearest ? fmt::format("Did you mean `{}{}`? ", prefix, *nearest) : std::string();
  return Error({.code = ErrorCode::kBadArgument, .detail = std::move(detail), .hint = meant + SeeHelp(verb)});
}

}  // namespace

const CLI::App& VerbOf(const CLI::App& app) {
  const auto parsed = app.get_subcommands();
  return parsed.empty() ? app : VerbOf(*parsed.front());
}

Error UsageError(const CLI::App& app, const CLI::ParseError& refusal) {
  const CLI::App& verb = VerbOf(app);
  const std::vector<std::string> left = app.remaining(true);
  const auto is_option = [](const std::string& word) { return word.size() > 1 && word.starts_with('-'); };
  const auto option = std::ranges::find_if(left, is_option);
  const auto word = std::ranges::find_if_not(left, is_option);
  const std::vector<std::string> verbs = VerbsOf(verb);
  const std::string command = CommandOf(verb);
  if (!verbs.empty() && word != left.end()) {
    return Unknown(verb, fmt::format("\"{}\" is no verb of `{}`", *word, command), *word, verbs,
                   command + " ");
  }
  if (option != left.end()) {
    const std::string name = option->substr(0, option->find('='));
    return Unknown(verb, fmt::format("`{}` has no option {}", command, name), name, OptionsOf(&verb), "");
  }
  if (word != left.end()) {
    return Error({.code = ErrorCode::kBadArgument,
                  .detail = fmt::format("`{}` does not know what \"{}\" is for", command, *word),
                  .hint = SeeHelp(verb)});
  }
  if (!verbs.empty()) {
    return Error({.code = ErrorCode::kBadArgument,
                  .detail = fmt::format("`{}` wants a verb", command),
                  .hint = SeeHelp(verb)});
  }
  std::string detail = refusal.what();
  while (detail.ends_with('.') || detail.ends_with('\n')) detail.pop_back();
  return Error({.code = ErrorCode::kBadArgument, .detail = std::move(detail), .hint = SeeHelp(verb)});
}

void ThrowBadUsage(std::string detail, std::string hint) {
  throw Error({.code = ErrorCode::kBadArgument, .detail = std::move(detail), .hint = std::move(hint)});
}

}  // namespace signet::tool

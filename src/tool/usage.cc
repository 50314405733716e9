#include "tool/usage.h"

#include "base/edit_distance.h"
#include "tool/help.h"
#include "tool/output.h"
#include "tool/typed_uri.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace signet::tool {
namespace {

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
  const auto nearest = Nearest(typed, std::vector<std::string_view>(names.begin(), names.end()));
  const std::string meant = nearest ? fmt::format("Did you mean `{}{}`? ", prefix, *nearest) : std::string();
  return Error({.code = ErrorCode::kBadArgument, .detail = std::move(detail), .hint = meant + SeeHelp(verb)});
}

// MisplacedError reports that `word`, which belongs to `verb`, precedes it.
Error MisplacedError(const CLI::App& verb, const std::string& word) {
  return Error(
      {.code = ErrorCode::kBadArgument,
       .detail = fmt::format("{} must follow the verb", WithoutPin(word)),
       .hint = fmt::format("Write it after the verb: {} ... {}", CommandOf(verb), WithoutPin(word))});
}

// StandsBefore tells whether `word` was typed before the verb's own name.
bool StandsBefore(const CLI::App& verb, const std::string& word, std::span<char* const> arguments) {
  const auto place = [&](std::string_view wanted) {
    return std::ranges::find_if(arguments, [&](std::string_view one) { return one == wanted; });
  };
  return verb.get_parent() != nullptr && place(word) < place(verb.get_name());
}

// InOurWords says what CLI11 says in its own.
std::string InOurWords(const CLI::App& verb, const CLI::ParseError& refusal) {
  std::string said = refusal.what();
  while (said.ends_with('.') || said.ends_with('\n')) said.pop_back();
  const auto split = [&](std::string_view middle) -> std::optional<std::pair<std::string, std::string>> {
    const std::size_t at = said.find(middle);
    if (at == std::string::npos) return std::nullopt;
    return std::pair(said.substr(0, at), said.substr(at + middle.size()));
  };
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&refusal) != nullptr)
    return fmt::format("{} requires a value", said.substr(0, said.find_first_of(": ")));
  if (const auto parts = split(" is required"))
    return fmt::format("`{}` requires {}", CommandOf(verb), parts->first);
  if (const auto parts = split(" excludes "))
    return fmt::format("{} and {} exclude each other", parts->first, parts->second);
  if (const auto parts = split(" requires "))
    return fmt::format("{} also requires {}", parts->first, parts->second);
  return said;
}

}  // namespace

void RefuseOptionsAsValues(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    if (option->get_items_expected_max() == 0 || option->get_positional()) continue;
    const std::string name = option->get_name();
    option->check(CLI::Validator(
        [name, &app](std::string& typed) {
          if (!typed.starts_with("--")) return std::string();
          throw Error({.code = ErrorCode::kBadArgument,
                       .detail = fmt::format("{} requires a value, but {} is an option", name, typed),
                       .hint = SeeHelp(app)});
        },
        ""));
  }
  for (CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; }))
    RefuseOptionsAsValues(*verb);
}

void TakesNumber(CLI::Option& option, std::uint64_t least, std::uint64_t most) {
  const std::string name = option.get_name();
  option.check(CLI::Validator(
      [=](std::string& typed) {
        std::uint64_t number = 0;
        const auto [end, error] = std::from_chars(typed.data(), typed.data() + typed.size(), number);
        const bool is_number = error == std::errc() && end == typed.data() + typed.size();
        if (is_number && number >= least && number <= most) return std::string();
        throw Error({.code = ErrorCode::kBadArgument,
                     .detail = fmt::format("{} requires a whole number from {} to {}, not \"{}\"", name,
                                           least, most, typed),
                     .hint = fmt::format("Give {} a number in that range.", name)});
      },
      ""));
}

void TakesOneOf(CLI::Option& option, std::vector<std::string> choices) {
  const std::string name = option.get_name();
  const std::string description = fmt::format("{{{}}}", fmt::join(choices, ","));
  option.check(CLI::Validator(
      [name, choices = std::move(choices)](std::string& typed) {
        if (std::ranges::find(choices, typed) != choices.end()) return std::string();
        throw Error(
            {.code = ErrorCode::kBadArgument,
             .detail = fmt::format("{} takes {}, not \"{}\"", name, fmt::join(choices, " or "), typed),
             .hint = fmt::format("Write {} {}, or omit it.", name, choices.back())});
      },
      description));
}

const CLI::App& VerbOf(const CLI::App& app) {
  const auto parsed = app.get_subcommands();
  return parsed.empty() ? app : VerbOf(*parsed.front());
}

Error UsageError(const CLI::App& app, const CLI::ParseError& refusal, std::span<char* const> arguments) {
  const CLI::App& verb = VerbOf(app);
  const std::vector<std::string> left = app.remaining(true);
  const auto is_option = [](const std::string& word) { return word.size() > 1 && word.starts_with('-'); };
  const auto option = std::ranges::find_if(left, is_option);
  const auto word = std::ranges::find_if_not(left, is_option);
  const std::vector<std::string> verbs = VerbsOf(verb);
  const std::string command = CommandOf(verb);
  if (!verbs.empty() && word != left.end() && verb.get_parent() == nullptr && NamesIdentity(*word)) {
    return Error({.code = ErrorCode::kBadArgument,
                  .detail = fmt::format("{} is an identity, but there is no verb", WithoutPin(*word)),
                  .hint = fmt::format("Write `{} show {}`, or another verb.", command, WithoutPin(*word))});
  }
  if (!verbs.empty() && word != left.end()) {
    return Unknown(verb, fmt::format("\"{}\" is not a verb of `{}`", WithoutPin(*word), command), *word,
                   verbs, command + " ");
  }
  if (option != left.end()) {
    const std::string name = option->substr(0, option->find('='));
    const std::vector<std::string> known = OptionsOf(&verb);
    if (std::ranges::find(known, name) != known.end() && StandsBefore(verb, *option, arguments))
      return MisplacedError(verb, name);
    return Unknown(verb, fmt::format("`{}` has no option {}", command, name), name, OptionsOf(&verb), "");
  }
  if (word != left.end() && StandsBefore(verb, *word, arguments)) return MisplacedError(verb, *word);
  if (word != left.end()) {
    return Error({.code = ErrorCode::kBadArgument,
                  .detail = fmt::format("`{}` has no argument for \"{}\"", command, WithoutPin(*word)),
                  .hint = SeeHelp(verb)});
  }
  if (!verbs.empty()) {
    return Error({.code = ErrorCode::kBadArgument,
                  .detail = fmt::format("`{}` requires a verb", command),
                  .hint = SeeHelp(verb)});
  }
  return Error({.code = ErrorCode::kBadArgument, .detail = InOurWords(verb, refusal), .hint = SeeHelp(verb)});
}

void ThrowBadUsage(std::string detail, std::string hint) {
  throw Error({.code = ErrorCode::kBadArgument, .detail = std::move(detail), .hint = std::move(hint)});
}

}  // namespace signet::tool

#include "tool/help.h"

#include "tool/console.h"

#include <algorithm>
#include <cstdio>
#include <vector>

#include <fmt/format.h>

namespace signet::tool {
namespace {

// Entry is a line of a list: a name and what it means.
struct Entry {
  std::string name;
  std::string meaning;
};

std::string ListOf(std::string_view title, const std::vector<Entry>& entries, std::size_t width) {
  if (entries.empty()) return {};
  constexpr std::size_t kWidestName = 24;
  std::size_t column = 0;
  for (const Entry& entry : entries) {
    if (entry.name.size() <= kWidestName) column = std::max(column, entry.name.size() + 4);
  }
  column = std::max<std::size_t>(column, 8);
  std::string text = fmt::format("\n{}\n", title);
  for (const Entry& entry : entries) {
    const bool beside = entry.name.size() + 4 <= column;
    text += beside ? fmt::format("  {:<{}}", entry.name, column - 2)
                   : fmt::format("  {}\n{}", entry.name, std::string(column, ' '));
    text += Wrapped(entry.meaning, width, column) + "\n";
  }
  return text;
}

std::string NameOf(const CLI::Option& option) {
  std::string name;
  for (const std::string& one : option.get_snames())
    name += fmt::format("{}-{}", name.empty() ? "" : ", ", one);
  for (const std::string& one : option.get_lnames())
    name += fmt::format("{}--{}", name.empty() ? "" : ", ", one);
  if (option.get_items_expected_max() == 0) return name;
  std::string type = option.get_type_name();
  // CLI11 writes a choice as NAME:{a,b}.
  if (const std::size_t choice = type.find(":{"); choice != std::string::npos) {
    type = type.substr(choice + 2, type.find('}') - choice - 2);
    std::ranges::replace(type, ',', '|');
  }
  return name + " " + (type.empty() ? "TEXT" : type);
}

std::string NameOfPositional(const CLI::Option& option) {
  const bool many = option.get_items_expected_max() > 1;
  const std::string name = option.get_name(true, false) + (many ? "..." : "");
  return option.get_required() ? name : fmt::format("[{}]", name);
}

std::vector<Entry> OptionsOf(const CLI::App& app, bool positional) {
  std::vector<Entry> entries;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional() != positional) continue;
    std::string meaning = option->get_description();
    if (option->get_required() && !positional) meaning += " (required)";
    entries.push_back({positional ? option->get_name(true, false) : NameOf(*option), std::move(meaning)});
  }
  return entries;
}

std::string Usage(const CLI::App& app, bool verbs) {
  std::string usage = CommandOf(app);
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional()) usage += " " + NameOfPositional(*option);
  }
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_positional() && option->get_required()) usage += " " + NameOf(*option);
  }
  return usage + (verbs ? " VERB [OPTION...]" : " [OPTION...]");
}

std::string Examples(const CLI::App& app) {
  const std::string footer = app.get_footer();
  if (footer.empty()) return {};
  std::string text = "\nExamples:\n  ";
  for (const char c : footer) text += c == '\n' ? std::string("\n  ") : std::string(1, c);
  return text + "\n";
}

class OwnFormatter : public CLI::Formatter {
 public:
  std::string make_help(const CLI::App* app, std::string, CLI::AppFormatMode) const override {
    return HelpText(*app, Console(stdout).width());
  }
};

}  // namespace

void UseOwnHelp(CLI::App& app) { app.formatter(std::make_shared<OwnFormatter>()); }

std::string CommandOf(const CLI::App& app) {
  return app.get_parent() == nullptr ? app.get_name() : CommandOf(*app.get_parent()) + " " + app.get_name();
}

std::string HelpText(const CLI::App& app, std::size_t width) {
  std::vector<Entry> verbs;
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; }))
    verbs.push_back({verb->get_name(), verb->get_description()});
  std::string text = Wrapped(app.get_description() + ".", width, 0) + "\n\nUsage: ";
  text += Wrapped(Usage(app, !verbs.empty()), width, 7) + "\n";
  text += ListOf("Verbs:", verbs, width);
  text += ListOf("Arguments:", OptionsOf(app, true), width);
  text += ListOf("Options:", OptionsOf(app, false), width);
  const CLI::App* top = &app;
  while (top->get_parent() != nullptr) top = top->get_parent();
  if (top != &app) {
    std::vector<Entry> common = OptionsOf(*top, false);
    std::erase_if(common, [](const Entry& entry) {
      return entry.name.find("--help") != std::string::npos ||
             entry.name.find("--version") != std::string::npos;
    });
    text += ListOf("Options of every verb:", common, width);
  }
  return text + Examples(app);
}

}  // namespace signet::tool

#include "applications/signet_command.h"

#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

namespace signet {
namespace {

std::set<std::string> Found(const std::string& text, const std::regex& pattern) {
  std::set<std::string> found;
  for (std::sregex_iterator at(text.begin(), text.end(), pattern), end; at != end; ++at)
    found.insert(at->str(1));
  return found;
}

// Manual is the page without roff's escapes of the hyphen.
std::string Manual() {
  std::ifstream file(SIGNET_MANUAL);
  std::ostringstream text;
  text << file.rdbuf();
  return std::regex_replace(text.str(), std::regex(R"(\\-)"), "-");
}

// Verbs gives every verb's words: {"list"}, {"token", "init"}.
std::vector<std::vector<std::string>> Verbs(const std::vector<std::string>& above = {}) {
  std::vector<std::string> arguments = above;
  arguments.emplace_back("--help");
  const std::string help = RunSignet(arguments).out;
  const std::size_t list = help.find("Verbs:");
  std::vector<std::vector<std::string>> verbs = {above};
  if (list == std::string::npos) return verbs;
  const std::string rows = help.substr(list, help.find("\n\n", list) - list);
  for (const std::string& name : Found(rows, std::regex(R"(\n  ([a-z-]+) )"))) {
    std::vector<std::string> below = above;
    below.push_back(name);
    for (auto& verb : Verbs(below)) verbs.push_back(std::move(verb));
  }
  return verbs;
}

TEST(Manual, NamesEveryVerbAndEveryOption) {
  const std::string manual = Manual();
  ASSERT_FALSE(manual.empty()) << SIGNET_MANUAL;
  int verbs = 0;
  for (const auto& verb : Verbs()) {
    std::string name = "signet";
    for (const std::string& word : verb) name += " " + word;
    const bool is_group = verb == std::vector<std::string>{"token"} || verb.empty();
    EXPECT_TRUE(is_group || manual.find(".SS " + name) != std::string::npos) << name;
    std::vector<std::string> arguments = verb;
    arguments.emplace_back("--help");
    for (const std::string& option : Found(RunSignet(arguments).out, std::regex(R"([ ,](--[a-z-]+))"))) {
      EXPECT_NE(manual.find(option), std::string::npos) << name << " " << option;
    }
    ++verbs;
  }
  EXPECT_GE(verbs, 10);
}

}  // namespace
}  // namespace signet

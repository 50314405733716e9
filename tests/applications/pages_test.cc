// docs/programs as a whole.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace signet {
namespace {

std::string TextOf(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::set<std::string> LinksOf(const std::filesystem::path& page) {
  const std::string text = TextOf(page);
  static const std::regex link(R"(\]\(([^)#:]+)[^)]*\))");
  std::set<std::string> links;
  for (std::sregex_iterator it(text.begin(), text.end(), link), end; it != end; ++it) {
    links.insert((*it)[1].str());
  }
  return links;
}

TEST(ProgramPages, EachIsInTheIndexAndLeadsSomewhere) {
  const std::filesystem::path folder(SIGNET_PROGRAM_PAGES);
  const std::set<std::string> index = LinksOf(folder / "README.md");
  for (const auto& page : std::filesystem::directory_iterator(folder)) {
    const std::string name = page.path().filename().string();
    EXPECT_TRUE(name == "README.md" || index.contains(name)) << name;
    for (const std::string& link : LinksOf(page.path())) {
      EXPECT_TRUE(std::filesystem::exists(folder / link)) << name << ": " << link;
    }
  }
  EXPECT_GE(index.size(), 12u);
}

// SourcesThatRead gives the tests that take lines from a page.
std::string SourcesThatRead(const std::string& page) {
  std::string sources;
  for (const auto& file : std::filesystem::directory_iterator(SIGNET_PROGRAM_TESTS)) {
    const std::string text = TextOf(file.path());
    if (text.find('"' + page + '"') != std::string::npos) sources += text;
  }
  return sources;
}

TEST(ProgramPages, EveryBlockOfEachIsRunByATest) {
  static const std::regex fence("(^|\n)```([a-z]+)\n");
  int blocks = 0;
  for (const auto& page : std::filesystem::directory_iterator(SIGNET_PROGRAM_PAGES)) {
    const std::string text = TextOf(page.path());
    const std::string sources = SourcesThatRead(page.path().filename().string());
    std::map<std::string, int> of_language;
    for (std::sregex_iterator it(text.begin(), text.end(), fence), end; it != end; ++it, ++blocks) {
      const std::string language = (*it)[2].str();
      const int n = of_language[language]++;
      const std::string use = "Block(\"" + language + '"' + (n > 0 ? ", " + std::to_string(n) : "") + ")";
      EXPECT_NE(sources.find(use), std::string::npos) << page.path().filename() << ": " << use;
    }
  }
  EXPECT_GE(blocks, 20);
}

}  // namespace
}  // namespace signet

// docs/programs as a whole.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace signet {
namespace {

std::set<std::string> LinksOf(const std::filesystem::path& page) {
  std::ifstream in(page);
  const std::string text(std::istreambuf_iterator<char>(in), {});
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

}  // namespace
}  // namespace signet

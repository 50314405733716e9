// Plain English: words.txt lists words and phrases that no text of the repository contains.
#include "architecture/words.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet::architecture {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kList = "tests/architecture/words.txt";

std::string Read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<Phrase> List() { return ReadPhrases(Read(fs::path(SIGNET_SOURCE_DIR) / kList)); }

// TextFiles lists the files of the repository with texts, relative to its root. Binary files, and files of
// other programs, are not among them.
std::vector<std::string> TextFiles() {
  static const std::set<std::string> endings = {".cc",  ".h",    ".c",   ".md", ".txt", ".cmake",
                                                ".py",  ".sh",   ".in",  ".go", ".rs",  ".1",
                                                ".cnf", ".json", ".map", "",    ".java"};
  const fs::path root = SIGNET_SOURCE_DIR;
  std::vector<std::string> files = {"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "CMakeLists.txt"};
  for (const char* top :
       {".ci", "bench", "cmake", "docs", "examples", "include", "plugins", "scripts", "src", "tests"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root / top)) {
      const std::string path = fs::relative(entry.path(), root).string();
      if (entry.is_regular_file() && path != kList && endings.contains(entry.path().extension().string()))
        files.push_back(path);
    }
  }
  return files;
}

TEST(Words, NoTextContainsAPhraseOfTheList) {
  const std::vector<Phrase> phrases = List();
  EXPECT_GE(phrases.size(), 40u);
  std::vector<std::string> found;
  for (const std::string& file : TextFiles()) {
    for (std::string& place : FindPhrases(file, Read(fs::path(SIGNET_SOURCE_DIR) / file), phrases))
      found.push_back(std::move(place));
  }
  EXPECT_THAT(found, IsEmpty()) << testing::PrintToString(found);
}

TEST(Words, PhraseIsFoundAcrossLinesAndCommentMarkers) {
  const auto phrases = ReadPhrases("# a comment\n\nred green | blue\n");
  EXPECT_THAT(FindPhrases("a.cc", "int i;\n// Red\n// green, red.\n// Green", phrases),
              ElementsAre("a.cc:2: \"red green\": write blue"));
}

TEST(Words, PhraseIsFoundInANameOfATest) {
  const auto phrases = ReadPhrases("red green | blue");
  EXPECT_THAT(FindPhrases("a.cc", "TEST(Colour, IsRedGreen)", phrases),
              ElementsAre("a.cc:1: \"red green\": write blue"));
  EXPECT_THAT(FindPhrases("a.cc", "red_green redgreen predate greens", phrases), IsEmpty());
}

TEST(Words, LineWithoutReplacementIsAnError) { EXPECT_THROW(ReadPhrases("red green"), std::runtime_error); }

}  // namespace
}  // namespace signet::architecture

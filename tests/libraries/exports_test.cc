// What a library exports is what its headers mark: `nm -D` against the lists in tests/libraries/symbols.
#include <signet/testing/process.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::vector<fs::path> Libraries() {
  std::vector<fs::path> files;
  std::istringstream list(SIGNET_LIBRARIES);
  for (std::string file; std::getline(list, file, ',');) files.emplace_back(file);
  return files;
}

// Title gives the name without versions: "libsignet-openssl.so".
std::string Title(const fs::path& library) {
  const std::string name = library.filename();
  return name.substr(0, name.find(".so") + 3);
}

struct Symbol {
  char kind = 0;     // as nm has it: T, R, W, ...
  std::string name;  // demangled, "@@" and its version behind it
};

// Symbols gives what nm prints with `options`, without the versions' own symbols.
std::vector<Symbol> Symbols(const fs::path& library, std::vector<std::string> options) {
  options.insert(options.begin(), "nm");
  options.insert(options.end(), {"--demangle", "--defined-only", library});
  const ProcessResult result = RunProgram({.argv = options});
  EXPECT_TRUE(result.ok()) << result.err;
  std::vector<Symbol> symbols;
  std::istringstream lines(result.out);
  for (std::string line; std::getline(lines, line);) {
    const size_t at = line.find(' ');
    if (at == std::string::npos || line.size() < at + 3) continue;
    if (line[at + 1] != 'A') symbols.push_back({line[at + 1], line.substr(at + 3)});
  }
  EXPECT_THAT(symbols, Not(IsEmpty())) << library;
  return symbols;
}

std::string WithoutVersion(const std::string& name) { return name.substr(0, name.find('@')); }

// kWeak are inline functions and templates: compilers differ in which of them they keep.
bool IsWeak(const Symbol& symbol) { return symbol.kind == 'W' || symbol.kind == 'V' || symbol.kind == 'u'; }

// Listed reads the list of a library: what is strong, in order, a line each.
std::vector<std::string> Listed(const std::string& title) {
  std::ifstream in(fs::path(SIGNET_SYMBOLS) / (title + ".txt"));
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

TEST(Exports, AreThoseOfTheListInTheRepository) {
  ASSERT_GE(Libraries().size(), 5u);
  for (const fs::path& library : Libraries()) {
    std::vector<std::string> strong;
    for (const Symbol& symbol : Symbols(library, {"-D"})) {
      if (!IsWeak(symbol)) strong.push_back(symbol.name);
    }
    std::ranges::sort(strong);
    const std::vector<std::string> listed = Listed(Title(library));
    std::vector<std::string> added;
    std::vector<std::string> gone;
    std::ranges::set_difference(strong, listed, std::back_inserter(added));
    std::ranges::set_difference(listed, strong, std::back_inserter(gone));
    EXPECT_THAT(added, IsEmpty()) << Title(library) << " exports more than its list has";
    EXPECT_THAT(gone, IsEmpty()) << Title(library) << " lacks what its list has";
  }
}

TEST(Exports, InlineFunctionsAreOfPublicClassesToo) {
  for (const fs::path& library : Libraries()) {
    for (const Symbol& symbol : Symbols(library, {"-D"})) {
      EXPECT_THAT(symbol.name, Not(HasSubstr("fmt::"))) << library;
      EXPECT_THAT(symbol.name, Not(HasSubstr("nlohmann::"))) << library;
      EXPECT_TRUE(!IsWeak(symbol) || symbol.name.find("signet::") != std::string::npos) << symbol.name;
    }
  }
}

// A second copy would have static variables of its own, and another layout once versions differ.
TEST(Exports, NoPluginHoldsACopyOfWhatAnotherLibraryExports) {
  std::map<std::string, std::string> owner;
  for (const fs::path& library : Libraries()) {
    for (const Symbol& symbol : Symbols(library, {"-D"})) {
      if (!IsWeak(symbol)) owner.emplace(WithoutVersion(symbol.name), Title(library));
    }
  }
  ASSERT_GT(owner.size(), 100u);
  for (const fs::path& library : Libraries()) {
    for (const Symbol& symbol : Symbols(library, {})) {
      const auto found = owner.find(WithoutVersion(symbol.name));
      if (found == owner.end() || found->second == Title(library)) continue;
      ADD_FAILURE() << Title(library) << " holds a copy of " << found->first << " of " << found->second;
    }
  }
}

// The soname names the version that programs were linked with: two minor versions may be installed together.
TEST(Exports, SonamesHaveTheMinorVersionBefore1_0) {
  const std::string version = SIGNET_VERSION;
  const std::string minor = version.substr(0, version.rfind('.'));
  for (const fs::path& library : Libraries()) {
    if (Title(library) == "signet.so") continue;  // a module
    const ProcessResult result = RunProgram({.argv = {"readelf", "-d", library}});
    EXPECT_THAT(result.out, HasSubstr("Library soname: [" + Title(library) + "." + minor + "]"));
  }
}

}  // namespace
}  // namespace signet::testing

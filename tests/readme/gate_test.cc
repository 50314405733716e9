// scripts/gate and the page that records what it found.
#include <signet/testing/process.h>

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet {
namespace {

using ::testing::HasSubstr;

testing::ProcessResult Gate(const std::vector<std::string>& arguments) {
  testing::Command command{.argv = {"bash", SIGNET_SOURCE_DIR "/scripts/gate"}};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  return testing::RunProgram(command);
}

// Known gives the names that the script lists: the first word of each line below the first.
std::vector<std::string> Known() {
  std::istringstream listed(Gate({}).err);
  std::vector<std::string> names;
  std::string line;
  for (std::getline(listed, line); std::getline(listed, line);) {
    if (!line.empty()) names.push_back(line.substr(0, line.find(' ')));
  }
  return names;
}

TEST(Gate, NameThatIsUnknownListsTheKnownOnesAndExitsWithTwo) {
  const auto result = Gate({"no-such-gate"});
  EXPECT_EQ(result.exit_status, 2);
  EXPECT_THAT(result.err, HasSubstr("there is no gate 'no-such-gate'"));
  for (const char* name : {"asan", "tsan", "seeds", "soak", "sweep-all"})
    EXPECT_THAT(result.err, HasSubstr(std::string("\n") + name + ' '));
  EXPECT_EQ(Gate({}).exit_status, 2);
  EXPECT_THAT(Gate({}).err, ::testing::Not(HasSubstr("there is no gate")));
}

TEST(Gate, EachHasItsRowInThePageOnReliability) {
  std::ifstream in(SIGNET_SOURCE_DIR "/docs/reliability.md");
  const std::string page{std::istreambuf_iterator<char>(in), {}};
  const auto names = Known();
  EXPECT_GE(names.size(), 5u);
  for (const std::string& name : names) EXPECT_THAT(page, HasSubstr("\n| `" + name)) << name;
}

}  // namespace
}  // namespace signet

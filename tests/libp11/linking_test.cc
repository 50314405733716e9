#include <signet/testing/process.h>

#include <sstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Loaded gives what the dynamic linker loads for `file`, directly or through others.
std::string Loaded(const std::string& file) {
  const ProcessResult result = RunProgram({.argv = {"ldd", file}});
  EXPECT_TRUE(result.ok()) << result.err;
  EXPECT_THAT(result.out, HasSubstr("libc.so"));
  return result.out;
}

TEST(Linking, OnlyTheAdapterLoadsLibp11) {
  EXPECT_THAT(Loaded(SIGNET_ADAPTER), HasSubstr("libp11.so"));
  std::istringstream others(SIGNET_OTHERS);
  int seen = 0;
  for (std::string file; std::getline(others, file, ','); ++seen) {
    EXPECT_THAT(Loaded(file), Not(HasSubstr("libp11.so"))) << file;
  }
  EXPECT_GE(seen, 6);
}

}  // namespace
}  // namespace signet::testing

#include "applications/signet_command.h"

#include <gmock/gmock.h>

namespace signet {
namespace {

using ::testing::HasSubstr;

TEST(Usage, WrongUsageHasStatusTwo) {
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {},
           {"frobnicate"},
           {"list", "--no-such-option"},
           {"show"},
           {"handshake"},
           {"handshake", "localhost"},
           {"handshake", "localhost:443", "--tls", "1.1"},
           {"handshake", "localhost:443", "--stack", "nss"},
           {"serve", "0"},
           {"serve", "0", "--cert", "a.pem", "--trust", "b.pem"},
           {"serve", "70000", "--cert", "a.pem", "--key", "a.key", "--trust", "b.pem"}}) {
    const auto result = RunSignet(arguments);
    EXPECT_EQ(result.exit_status, 2) << ::testing::PrintToString(arguments) << result.out << result.err;
    EXPECT_FALSE(result.err.empty()) << ::testing::PrintToString(arguments);
  }
}

TEST(Usage, HelpAndVersionAreNoFailure) {
  for (const std::string option : {"--help", "--version"}) {
    const auto result = RunSignet({option});
    EXPECT_EQ(result.exit_status, 0) << option;
    EXPECT_FALSE(result.out.empty()) << option;
  }
  EXPECT_THAT(RunSignet({"--help"}).out, ::testing::AllOf(HasSubstr("list"), HasSubstr("show"),
                                                          HasSubstr("handshake"), HasSubstr("serve")));
}

TEST(Usage, CommonOptionsStandBeforeAndAfterTheVerb) {
  const auto before =
      RunSignet({"--json", "--set", "pkcs12-max-iterations=1", "list", "pkcs12:/does/not/exist"});
  const auto after =
      RunSignet({"list", "pkcs12:/does/not/exist", "--json", "--set", "pkcs12-max-iterations=1"});
  EXPECT_EQ(before.exit_status, 1);
  EXPECT_EQ(after.exit_status, 1);
  EXPECT_EQ(JsonOf(before), JsonOf(after));
  EXPECT_EQ(JsonOf(after)["problems"][0]["what"], "unreadable");
}

}  // namespace
}  // namespace signet

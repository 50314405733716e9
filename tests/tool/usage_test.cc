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
           {"handshake", "localhost:x"},
           {"handshake", "http://localhost/"},
           {"handshake", "localhost", "example.org"},
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
  EXPECT_EQ(RunSignet({"help", "list"}).out, RunSignet({"list", "--help"}).out);
  EXPECT_EQ(RunSignet({"help"}).out, RunSignet({"--help"}).out);
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

TEST(Usage, AWrongWordIsNamedAndTheNearestIsSuggested) {
  struct Row {
    std::vector<std::string> arguments;
    const char* named;
    const char* meant;
  };
  const Row rows[] = {
      {{"lst"}, "\"lst\" is not a verb of `signet`", "`signet list`"},
      {{"handshak", "example.org"}, "\"handshak\"", "`signet handshake`"},
      {{"hand", "example.org"}, "\"hand\"", "`signet handshake`"},
      {{"token", "inti"}, "\"inti\" is not a verb of `signet token`", "`signet token init`"},
      {{"list", "--jsn"}, "has no option --jsn", "`--json`"},
      {{"handshake", "a", "--identiy=x"}, "has no option --identiy", "`--identity`"},
  };
  for (const Row& row : rows) {
    const auto result = RunSignet(row.arguments);
    EXPECT_EQ(result.exit_status, 2);
    EXPECT_THAT(result.err, ::testing::AllOf(HasSubstr(row.named), HasSubstr(row.meant)));
  }
  EXPECT_THAT(RunSignet({"frobnicate"}).err, Not(HasSubstr("Did you mean")));
}

TEST(Usage, AValueThatAnOptionCannotTakeIsSaidInWords) {
  struct Row {
    std::vector<std::string> arguments;
    const char* said;
  };
  const Row rows[] = {
      {{"handshake", "localhost", "--timeout", "0"}, "--timeout requires a whole number from 1 to 86400000"},
      {{"handshake", "localhost", "--timeout", "-5"}, "not \"-5\""},
      {{"handshake", "localhost", "--tls", "1.1"}, "--tls takes 1.2 or 1.3, not \"1.1\""},
      {{"serve", "99999", "--trust", "x"}, "PORT requires a whole number from 0 to 65535"},
      {{"list", "--module"}, "--module requires a value"},
      {{"list", "--module", "--json"}, "--module requires a value, but --json is an option"},
      {{"list", "--set", "--json"}, "--set requires a value, but --json is an option"},
      {{"show"}, "`signet show` requires URI"},
      {{"serve", "0", "--cert", "a", "--trust", "x"}, "--cert also requires --key"},
      {{"serve", "0", "--cert", "a", "--key", "b", "--identity", "pkcs12:c", "--trust", "x"},
       "exclude each other"},
      {{"--pin-source", "env:A", "alice.p12", "list"}, "alice.p12 must follow the verb"},
      {{"--trust", "ca.pem", "handshake", "localhost"}, "--trust must follow the verb"},
      {{"list", "--set", "colour=red"}, "signet(1) lists the settings"},
      {{"list", "pkcs12:a?colour=red"}, "unknown attribute colour in the query. Write pkcs12:"},
      {{"list", "pkcs11:x.p12"}, "Write pkcs12:x.p12"},
      {{"list", "--set", "=x"}, "--set without a name"},
      {{"help", "lst"}, "\"lst\" is not a verb of `signet`. Did you mean `signet list`?"},
      {{"token", "remove", "alice.p12"}, "only what is on a token can be removed"},
      {{"alice.p12"}, "Write `signet show alice.p12`"},
  };
  for (const Row& row : rows) {
    const auto result = RunSignet(row.arguments);
    EXPECT_EQ(result.exit_status, 2) << ::testing::PrintToString(row.arguments) << result.out;
    EXPECT_THAT(result.err, HasSubstr(row.said));
  }
}

TEST(Usage, APinInAWrongPlaceIsNotRepeated) {
  const std::string uri = "pkcs11:token=a?pin-value=4711";
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {uri}, {uri, "list"}, {"show", "pkcs11:id=01", uri}, {"token", uri}}) {
    const auto result = RunSignet(arguments);
    EXPECT_EQ(result.exit_status, 2);
    EXPECT_THAT(result.out + result.err, Not(HasSubstr("4711")));
  }
}

TEST(Usage, AnEmptySymptomIsUnknown) {
  EXPECT_THAT(RunSignet({"doctor", "--symptom", ""}).out, HasSubstr("no known message"));
}

TEST(Usage, AnErrorNamesWhatWasTyped) {
  EXPECT_THAT(RunSignet({"show", "none.p12"}).err, ::testing::StartsWith("signet: none.p12: "));
  EXPECT_THAT(RunSignet({"list", "pkcs11:"}).err, Not(HasSubstr("pkcs11::")));
}

TEST(Usage, WithJsonEveryWrongUsageIsOneDocument) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"--json"},
                                             {"lst", "--json"},
                                             {"list", "--no-such", "--json"},
                                             {"list", "pkcs13:x", "--json"},
                                             {"show", "--json"},
                                             {"show", "--json", "pkcs11:tokn=x"},
                                             {"handshake", "--json"},
                                             {"handshake", "ftp://x/", "--json"},
                                             {"handshake", "localhost", "--tls", "1.1", "--json"},
                                             {"serve", "70000", "--json"},
                                             {"serve", "0", "--json", "--trust", "x.pem"},
                                             {"token", "--json"},
                                             {"token", "keygen", "--id", "x", "--json"},
                                             {"token", "import", "--json"},
                                             {"pem", "--json"},
                                             {"pem", "pkcs11:", "--with-pin", "--json"},
                                             {"doctor", "--json", "--pem"}}) {
    SCOPED_TRACE(::testing::PrintToString(arguments));
    const auto result = RunSignet(arguments);
    EXPECT_EQ(result.exit_status, 2) << result.err;
    const auto document = JsonOf(result);
    const bool listing = document.contains("problems");
    ASSERT_TRUE(listing || document.contains("error"));
    const auto& error = listing ? document["problems"][0] : document["error"];
    EXPECT_THAT(error["what"], ::testing::AnyOf("bad-argument", "bad-uri"));
    EXPECT_FALSE(error["hint"].get<std::string>().empty());
    EXPECT_FALSE(result.err.empty());
  }
}

TEST(Usage, OutputThatCannotBeWrittenIsAFailureInWords) {
  for (const char* arguments :
       {"--help", "handshake localhost:1 --json", "list pkcs12:/no/such.p12 --json"}) {
    const auto result = testing::RunProgram(
        {.argv = {"sh", "-c", std::string(SIGNET_COMMAND) + " " + arguments + " >/dev/full"}});
    EXPECT_EQ(result.exit_status, 1) << arguments;
    EXPECT_THAT(result.err, HasSubstr("standard output cannot be written"));
  }
}

TEST(Usage, WithoutVerbTheVerbsAreShownWithExamples) {
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{{}, {"token"}}) {
    const auto result = RunSignet(arguments);
    EXPECT_EQ(result.exit_status, 2);
    EXPECT_THAT(result.err, ::testing::AllOf(HasSubstr("Verbs:"), HasSubstr("Examples:\n  signet ")));
  }
}

}  // namespace
}  // namespace signet

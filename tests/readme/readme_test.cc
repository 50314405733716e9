// README.md, typed as a user types it.
#include "foreign_program.h"
#include <signet/testing/process.h>
#include <signet/testing/temporary_directory.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet {
namespace {

std::string ReadText(const std::filesystem::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string Readme() { return ReadText(std::filesystem::path(SIGNET_SOURCE_DIR) / "README.md"); }

// Blocks gives the fenced blocks of a language, in their order.
std::vector<std::string> Blocks(const std::string& text, const std::string& language) {
  const std::string fence = "\n```" + language + "\n";
  std::vector<std::string> blocks;
  for (size_t at = text.find(fence); at != std::string::npos; at = text.find(fence, at)) {
    at += fence.size();
    const size_t end = text.find("\n```", at - 1);
    blocks.push_back(text.substr(at, end - at));
    at = end;
  }
  return blocks;
}

TEST(Readme, CommandsWorkWhenTypedInTheirOrder) {
  const testing::TemporaryDirectory directory;
  // The checkout; the commands leave it for a directory of their own, below TMPDIR.
  std::filesystem::create_directory_symlink(SIGNET_BUILD_DIR, directory.path() + "/build");
  testing::Environment environment = ForeignEnvironment();
  environment["TMPDIR"] = directory.path();
  // Where a reader gives a server a second to come up, we wait until it listens.
  std::string script =
      R"sh(set -euo pipefail
await() { until grep -q "$(printf ' 0100007F:%04X 00000000:0000 0A ' "$1")" /proc/net/tcp; do sleep 0.05; done; }
)sh";
  for (const std::string& block : Blocks(Readme(), "sh")) script += block + "\nwait\n";
  script = std::regex_replace(script, std::regex("(844[0-9])([^\n]*&\n)sleep 1\n"), "$1$2await $1\n");
  for (const char* port : {"8443", "8444", "8445"}) {
    ASSERT_THAT(script, ::testing::HasSubstr(std::string("await ") + port));
    script = std::regex_replace(script, std::regex(port), std::to_string(testing::FreePort()));
  }
  const testing::ProcessResult result = testing::RunProgram(
      {.argv = {"bash", "-xc", script},
       .environment = environment,
       .unset = {"OPENSSL_CONF", "OPENSSL_MODULES", "SOFTHSM2_CONF", "PKCS11_PROVIDER_MODULE"},
       .directory = directory.path()});
  EXPECT_TRUE(result.ok()) << result.out << result.err;
  EXPECT_THAT(result.out, ::testing::HasSubstr("presented   CN=alice, issued by CN=CA"));
  EXPECT_FALSE(std::filesystem::exists(directory.path() + "/alice.p12")) << "nothing is left in the checkout";
}

// It would hide OpenSSL's own modules from every program in the reader's shell.
TEST(Readme, NeitherItNorAPageSetsOpenSslModules) {
  std::vector<std::filesystem::path> pages{std::filesystem::path(SIGNET_SOURCE_DIR) / "README.md"};
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(std::filesystem::path(SIGNET_SOURCE_DIR) / "docs"))
    if (entry.path().extension() == ".md") pages.push_back(entry.path());
  for (const auto& page : pages)
    EXPECT_THAT(ReadText(page), Not(::testing::HasSubstr("OPENSSL_MODULES="))) << page;
}

// A quotation precedes the link to its program.
TEST(Readme, ExamplesAreQuotedAsTheyAre) {
  const std::string text = Readme();
  std::size_t begin = 0, quoted = 0;
  for (const char* name : {"examples/openssl_client.cc", "examples/botan_client.cc"}) {
    const std::size_t link = text.find(std::string("](") + name + ")", begin);
    ASSERT_NE(link, std::string::npos) << name;
    const auto blocks = Blocks(text.substr(begin, link - begin), "cpp");
    EXPECT_FALSE(blocks.empty()) << name;
    const std::string program = ReadText(std::filesystem::path(SIGNET_SOURCE_DIR) / name);
    for (const std::string& block : blocks) EXPECT_THAT(program, ::testing::HasSubstr(block));
    quoted += blocks.size();
    begin = link;
  }
  EXPECT_EQ(quoted, Blocks(text, "cpp").size());
}

TEST(Guides, QuoteTheirExampleAsItIs) {
  const std::filesystem::path source(SIGNET_SOURCE_DIR);
  for (const char* name : {"own_key", "own_source"}) {
    const std::string page = ReadText(source / "docs/guides" / (std::string(name) + ".md"));
    const std::string example = std::string("examples/") + name + ".cc";
    EXPECT_THAT(page, ::testing::HasSubstr("](../../" + example + ")")) << name;
    const std::string program = ReadText(source / example);
    const auto blocks = Blocks(page, "cpp");
    EXPECT_GE(blocks.size(), 3u) << name;
    for (const std::string& block : blocks) EXPECT_THAT(program, ::testing::HasSubstr(block)) << name;
  }
}

TEST(Readme, LinksLeadSomewhere) {
  const std::string text = Readme();
  static const std::regex link(R"(\]\(([^)#:]+)\))");
  size_t links = 0;
  for (std::sregex_iterator it(text.begin(), text.end(), link), end; it != end; ++it, ++links) {
    EXPECT_TRUE(std::filesystem::exists(std::filesystem::path(SIGNET_SOURCE_DIR) / (*it)[1].str()))
        << it->str();
  }
  EXPECT_GT(links, 0u);
}

}  // namespace
}  // namespace signet

// What this was built with: a test that is left out for want of a newer library must not pass unseen.
#include <fstream>
#include <iterator>
#include <regex>
#include <string>

#include <botan/build.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <openssl/opensslv.h>

namespace signet::botan {
namespace {

struct Release {
  std::string_view debian, openssl, botan, gcc;
};

constexpr Release kReleases[] = {
    {.debian = "12", .openssl = "3.0", .botan = "2.19", .gcc = "12"},
    {.debian = "13", .openssl = "3.5", .botan = "3.7", .gcc = "14"},
};

std::string DebianVersion() {
  std::ifstream file("/etc/os-release");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  std::smatch version;
  if (text.find("ID=debian") == std::string::npos) return {};
  return std::regex_search(text, version, std::regex("VERSION_ID=\"([0-9]+)\"")) ? version[1].str() : "";
}

TEST(Versions, AreThoseOfTheDebianRelease) {
  const std::string debian = DebianVersion();
  for (const Release& release : kReleases) {
    if (release.debian != debian) continue;
    EXPECT_EQ(fmt::format("{}.{}", OPENSSL_VERSION_MAJOR, OPENSSL_VERSION_MINOR), release.openssl);
    EXPECT_EQ(fmt::format("{}.{}", BOTAN_VERSION_MAJOR, BOTAN_VERSION_MINOR), release.botan);
#ifndef __clang__
    EXPECT_EQ(fmt::format("{}", __GNUC__), release.gcc);
#endif
    return;
  }
  GTEST_SKIP() << "neither Debian 12 nor 13";
}

}  // namespace
}  // namespace signet::botan

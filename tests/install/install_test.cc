// What `cmake --install` lays out, seen by those who look for it: OpenSSL, a user. Projects outside:
// tests/consumer.
#include "foreign_program.h"
#include <signet/testing/process.h>
#include <signet/testing/temporary_directory.h>
#include <signet/testing/test_pki.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace signet::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class Install : public ::testing::Test {
 protected:
  static ProcessResult Must(Command command) {
    ProcessResult result = RunProgram(command);
    EXPECT_TRUE(result.ok()) << command.argv.front() << ' ' << command.argv.at(1) << '\n'
                             << result.out << result.err;
    return result;
  }

  // InPrefix installs with a prefix of its own.
  void InPrefix() {
    Must({.argv = {SIGNET_CMAKE, "--install", SIGNET_BUILD_DIR, "--prefix", Path("prefix")}});
  }

  std::string Path(const std::string& below = {}) const { return directory_.path() + "/" + below; }
  // Below lists the files under `below`, from there.
  std::vector<std::string> Below(const std::string& below) const {
    std::vector<std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(Path(below))) {
      if (!entry.is_directory()) files.push_back(entry.path().lexically_relative(Path(below)).string());
    }
    return files;
  }
  // Find gives the one installed file whose path ends in `ending`.
  std::string Find(const std::string& below, const std::string& ending) const {
    std::vector<std::string> files = Below(below);
    std::erase_if(files, [&](const std::string& file) { return !file.ends_with(ending); });
    EXPECT_EQ(files.size(), 1u) << ending << " among " << ::testing::PrintToString(Below(below));
    return files.empty() ? std::string{} : Path(below) + "/" + files.front();
  }

 private:
  TemporaryDirectory directory_;
};

TEST_F(Install, TheProviderGoesToOpenSslsOwnDirectory) {
  // The layout of a system-wide prefix, regardless of this build's configuration, below a temporary
  // directory.
  Must({.argv = {SIGNET_CMAKE, "--install", SIGNET_BUILD_DIR, "--prefix", "/usr"},
        .environment = {{"DESTDIR", Path()}}});
  std::string modulesdir = Must({.argv = {"openssl", "info", "-modulesdir"}}).out;
  modulesdir.pop_back();
  EXPECT_TRUE(fs::exists(Path() + modulesdir + "/signet.so")) << modulesdir;
}

TEST_F(Install, APrefixOfItsOwnKeepsTheProviderAndOpenSslLoadsItFromThere) {
  InPrefix();
  const std::string modules = fs::path(Find("prefix", "/signet.so")).parent_path();
  const ProcessResult result = Must({.argv = {"openssl", "list", "-providers", "-provider-path", modules,
                                              "-provider", "signet", "-provider", "default"},
                                     .environment = ForeignEnvironment(),
                                     .unset = {"OPENSSL_CONF", "OPENSSL_MODULES"}});
  EXPECT_THAT(result.out, HasSubstr("signet"));
}

// The provider finds libsignet.so from where it lies, also through a symbolic link and in a prefix that was
// moved.
TEST_F(Install, TheInstalledProviderOpensTheInstalledLibrary) {
  InPrefix();
  fs::rename(Path("prefix"), Path("moved"));
  const std::string provider = Find("moved", "/signet.so");
  fs::create_directory(Path("links"));
  fs::create_symlink(provider, Path("links/pkcs11.so"));
  const TemporaryDirectory keys;
  const std::string file = keys.Write("alice.p12", MakePkcs12(TestPki().Issue({})));
  for (const auto& [folder, name] :
       {std::pair(fs::path(provider).parent_path().string(), "signet"), std::pair(Path("links"), "pkcs11")}) {
    Environment environment = ForeignEnvironment();
    environment["LD_DEBUG"] = "files";
    environment["LD_DEBUG_OUTPUT"] = keys.path() + "/" + name;
    const ProcessResult result =
        Must({.argv = {"openssl", "storeutl", "-provider-path", folder, "-provider", name, "-provider",
                       "default", "-noout", "pkcs12:" + file + "?pin-value=secret"},
              .environment = environment,
              .unset = {"OPENSSL_CONF", "OPENSSL_MODULES"}});
    EXPECT_THAT(result.out, HasSubstr("Total found: ")) << result.err;
    std::string opened;
    for (const auto& entry : fs::directory_iterator(keys.path())) {
      std::ifstream in(entry.path());
      if (entry.path().filename().string().starts_with(name))
        opened.append(std::istreambuf_iterator<char>(in), {});
    }
    EXPECT_THAT(opened, HasSubstr(fs::canonical(Path("moved")).string() + "/"));
    EXPECT_THAT(opened, HasSubstr("/libsignet.so"));
    EXPECT_THAT(opened, ::testing::Not(HasSubstr(SIGNET_BUILD_DIR)));
  }
}

TEST_F(Install, TheOpenSslConfigurationToIncludeActivatesTheInstalledProviderAndDefault) {
  InPrefix();
  Environment environment = ForeignEnvironment();
  environment["OPENSSL_CONF"] = Find("prefix", "share/signet/openssl-signet.cnf");
  const ProcessResult result = Must(
      {.argv = {"openssl", "list", "-providers"}, .environment = environment, .unset = {"OPENSSL_MODULES"}});
  EXPECT_THAT(result.out, ::testing::AllOf(HasSubstr("default"), HasSubstr("signet")));
}

TEST_F(Install, TheCommandRunsFromAPrefixThatWasMoved) {
  InPrefix();
  fs::rename(Path("prefix"), Path("moved"));
  const ProcessResult result = Must({.argv = {Path("moved/bin/signet"), "--version"}});
  EXPECT_THAT(result.out, HasSubstr("0.2"));
}

TEST_F(Install, ABuildTreeThatCannotBeWrittenIsInstalled) {
  const std::vector<std::string> namespaces =
      geteuid() == 0 ? std::vector<std::string>{"unshare", "--mount"}
                     : std::vector<std::string>{"unshare", "--map-root-user", "--mount"};
  const auto Inside = [&](const std::string& script) {
    Command command{.argv = namespaces};
    command.argv.insert(command.argv.end(), {"sh", "-ec", script, SIGNET_BUILD_DIR});
    return command;
  };
  if (!RunProgram(Inside("true")).ok()) GTEST_SKIP() << "this system lets nobody but root mount";
  Must(
      Inside("mount --bind \"$0\" \"$0\"; mount -o remount,bind,ro \"$0\"; ! touch \"$0/touched\" "
             "2>&-; " SIGNET_CMAKE " --install \"$0\" --prefix " +
             Path("prefix")));
  EXPECT_TRUE(fs::exists(Path("prefix/bin/signet")));
}

TEST_F(Install, NoInstalledFileNamesTheBuild) {
  InPrefix();
  size_t texts = 0;
  for (const std::string& file : Below("prefix")) {
    if (!file.ends_with(".cmake") && !file.ends_with(".pc") && !file.ends_with(".h")) continue;
    std::ifstream in(Path("prefix/" + file));
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    EXPECT_EQ(text.find(SIGNET_BUILD_DIR), std::string::npos) << file;
    ++texts;
  }
  EXPECT_GT(texts, 10u);
}

}  // namespace
}  // namespace signet::testing

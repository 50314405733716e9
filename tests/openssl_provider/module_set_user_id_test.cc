// A set-user-ID program is run by somebody else than who it works for, whose environment and directory must
// not lead it to another library.
#include "foreign_program.h"
#include "openssl_provider/pem_uri.h"
#include <signet/testing/process.h>
#include <signet/testing/temporary_directory.h>
#include <signet/testing/test_pki.h>

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace signet {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRunner = "65534";
constexpr unsigned kOwner = 1;

TEST(ModuleInASetUserIdProgram, OpensItsOwnLibraryWhateverTheEnvironmentSays) {
  if (geteuid() != 0) GTEST_SKIP() << "only root makes a program of another user";
  const testing::TemporaryDirectory place;
  ASSERT_EQ(chmod(place.path().c_str(), 0755), 0);
  const std::string file =
      place.Write("alice.p12", testing::MakePkcs12(testing::TestPki().Issue({.key = "ec:P-256"})), 0644);
  const std::string pem =
      place.Write("alice.key", provider::UriPem("pkcs12:" + file + "?pin-value=secret").view(), 0644);
  const std::string decoys = place.path() + "/decoys";
  fs::create_directory(decoys);
  fs::copy_file(std::string(SIGNET_TEST_MODULES) + "/signet.so", decoys + "/" + SIGNET_LIBRARY_NAME);
  const std::string program = place.path() + "/program";
  fs::copy_file(SIGNET_MODULE_PROGRAM, program);
  ASSERT_EQ(chown(program.c_str(), kOwner, kOwner), 0);
  ASSERT_EQ(chmod(program.c_str(), 04755), 0);
  const auto run = [&](std::vector<std::string> steps) {
    std::vector<std::string> argv = {
        "setpriv", "--reuid",           kRunner,  "--regid", kRunner, "--clear-groups",
        program,   SIGNET_TEST_MODULES, "signet", pem};
    argv.insert(argv.end(), steps.begin(), steps.end());
    return testing::RunProgram({.argv = argv,
                                .environment = {{"LD_LIBRARY_PATH", decoys},
                                                {"SIGNET_LOAD", "activation"},
                                                {"SIGNET_CALL_LOG", "stderr"}},
                                .directory = decoys});
  };
  const auto before = run({"library"});
  if (before.err.find("loading shared libraries") != std::string::npos || before.exit_status == 3)
    GTEST_SKIP() << "the build's libraries are closed to other users: " << before.err;
  EXPECT_EQ(before.out, "") << "SIGNET_LOAD is read in a set-user-ID program";
  const auto result = run({"sign", "library"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_EQ(
      result.out,
      "library " + fs::canonical(std::string(SIGNET_TEST_MODULES) + "/../libsignet.so").string() + "\n");
}

}  // namespace
}  // namespace signet

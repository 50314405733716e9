#include "pkcs11/world.h"
#include <signet/testing/process.h>

#include <gtest/gtest.h>

namespace signet::testing {
namespace {

class Pkcs11Exit : public ::testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(Endings, Pkcs11Exit,
                         ::testing::Values("alive", "dropped", "child-signs", "child-does-nothing",
                                           "child-drops", "grandchild-signs", "openssl-is-used-later",
                                           "other-threads-sign", "workers-sign", "at-exit-signs"),
                         [](const auto& one) {
                           std::string name = one.param;
                           std::erase(name, '-');
                           return name;
                         });

TEST_P(Pkcs11Exit, IsCleanWithSoftHsmItselfAndNoSetting) {
  SoftHsm hsm;
  TestPki pki;
  hsm.Import(pki.Issue({}), {});
  const ProcessResult result = RunProgram(
      {.argv = {SIGNET_EXIT_PROGRAM, GetParam(), SoftHsm::module_path(), hsm.ObjectUri("\x01", true)},
       .environment = hsm.environment()});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_EQ(result.signal, 0);
  EXPECT_EQ(result.err, "");
}

// Debian's SoftHSM comes with a file that configures it for p11-kit.
TEST(Pkcs11Configured, ModulesAreThoseOfP11KitWhereTheSettingsNameNoneOrTheProxy) {
  SoftHsm hsm;
  TestPki pki;
  hsm.Import(pki.Issue({}), {});
  for (const char* setting : {"", "p11-kit-proxy.so"}) {
    const ProcessResult result =
        RunProgram({.argv = {SIGNET_EXIT_PROGRAM, "child-signs", setting, hsm.ObjectUri("\x01", true)},
                    .environment = hsm.environment()});
    EXPECT_EQ(result.exit_status, 0) << result.err;
  }
}

}  // namespace
}  // namespace signet::testing

#include <signet/testing/process.h>
#include <signet/testing/soft_hsm.h>
#include <signet/testing/wrapped_module.h>

#include <gtest/gtest.h>

namespace signet::testing {
namespace {

class FirstUse : public ::testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(Middle, FirstUse, ::testing::Values("", "fork"),
                         [](const auto& one) { return *one.param == '\0' ? "Threads" : "ForkAmongThem"; });

TEST_P(FirstUse, OfEverythingByEightThreadsAtOnceWorksInEachOfAHundredProcesses) {
  SoftHsm hsm;
  const TestPki pki;
  hsm.Import(pki.Issue({}), {});
  const WrappedModule module(hsm);
  for (int i = 0; i < 100; ++i) {
    const ProcessResult result = RunProgram(
        {.argv = {SIGNET_FIRST_USE_PROGRAM, module.path(), hsm.ObjectUri("\x01", true), GetParam()},
         .environment = {{"OPENSSL_MODULES", SIGNET_TEST_MODULES}, {"PKCS11_PROVIDER_MODULE", module.path()}},
         .unset = {"OPENSSL_CONF"}});
    ASSERT_EQ(result.exit_status, 0) << i << ": " << result.err;
    ASSERT_EQ(result.err, "") << i;
  }
}

}  // namespace
}  // namespace signet::testing

#include "openssl_provider/pem_uri.h"
#include <signet/testing/process.h>
#include <signet/testing/soft_hsm.h>
#include <signet/testing/temporary_directory.h>
#include <signet/testing/test_pki.h>
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
  const TemporaryDirectory directory;
  const std::string uri = hsm.ObjectUri("\x01", true);
  const std::string pem = directory.Write("key.pem", provider::UriPem(uri).view());
  const std::string pkcs12 =
      "pkcs12:" + directory.Write("alice.p12", MakePkcs12(pki.Issue({}))) + "?pin-value=secret";
  for (int i = 0; i < 100; ++i) {
    const ProcessResult result = RunProgram(
        {.argv = {SIGNET_FIRST_USE_PROGRAM, module.path(), uri, pem, pkcs12, GetParam()},
         .environment = {{"OPENSSL_MODULES", SIGNET_TEST_MODULES}, {"PKCS11_PROVIDER_MODULE", module.path()}},
         .unset = {"OPENSSL_CONF"}});
    ASSERT_EQ(result.exit_status, 0) << i << ": " << result.err;
    // AddressSanitizer says that it does not know the stacks of OpenSSL's jobs.
    if (std::string_view(SIGNET_SANITIZER_RUNTIME).empty()) {
      ASSERT_EQ(result.err, "") << i;
    }
  }
}

}  // namespace
}  // namespace signet::testing

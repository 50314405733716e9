// Clients in other languages: C11, and Python's ctypes.
#include "c_abi/client.h"
#include "foreign_program.h"
#include <signet/testing/process.h>
#include <signet/testing/soft_hsm.h>
#include <signet/testing/test_pki.h>

#include <array>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet {
namespace {

using ::testing::HasSubstr;
using testing::SoftHsm;
using testing::TestIdentity;
using testing::TestPki;

TEST(CClient, SignsWithATokensKeyAfterItsPromptAnswered) {
  SoftHsm hsm;
  const TestPki pki;
  hsm.Import(pki.Issue({.key = "rsa:2048"}), {});
  hsm.UseInThisProcess();
  std::array<char, 1024> message{};
  const std::string uri = hsm.ObjectUri("\x01");
  EXPECT_EQ(
      client_signs(SoftHsm::module_path().c_str(), uri.c_str(), "wrong", message.data(), message.size()), -1);
  EXPECT_THAT(message.data(), HasSubstr("wrong-pin"));
  EXPECT_GE(client_signs(SoftHsm::module_path().c_str(), uri.c_str(), hsm.pin().c_str(), message.data(),
                         message.size()),
            4)
      << message.data();
}

TEST(CtypesClient, SignsWithATokensKey) {
  SoftHsm hsm;
  const TestPki pki;
  const TestIdentity alice = pki.Issue({.common_name = "alice"});
  hsm.Import(alice, {});
  testing::Environment environment = ForeignEnvironment();
  environment.merge(hsm.environment());
  environment["SIGNET_TOKEN_PIN"] = hsm.pin();
  const auto result = testing::RunProgram({.argv = {"/usr/bin/python3", SIGNET_CTYPES_CLIENT, SIGNET_LIBRARY,
                                                    SoftHsm::module_path(), hsm.ObjectUri("\x01")},
                                           .environment = environment});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("CN=alice"));
  EXPECT_THAT(result.out, HasSubstr("signed with 0x0403"));
  EXPECT_THAT(result.out, HasSubstr("not-found"));
}

}  // namespace
}  // namespace signet

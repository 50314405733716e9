#include "identity/signature_schemes.h"
#include "pkcs11/world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

struct KeyCase {
  const char* name;
  const char* key;
  std::size_t schemes;
};

class Pkcs11Signing : public ::testing::TestWithParam<KeyCase> {};

INSTANTIATE_TEST_SUITE_P(Keys, Pkcs11Signing,
                         ::testing::Values(KeyCase{"Rsa2048", "rsa:2048", 8},
                                           KeyCase{"Rsa3072", "rsa:3072", 8},
                                           KeyCase{"Rsa4096", "rsa:4096", 8},
                                           KeyCase{"RsaPss", "rsa-pss:2048", 3},
                                           KeyCase{"P256", "ec:P-256", 3}, KeyCase{"P384", "ec:P-384", 3},
                                           KeyCase{"P521", "ec:P-521", 3}, KeyCase{"Ed25519", "ed25519", 1},
                                           KeyCase{"Ed448", "ed448", 1}),
                         [](const auto& one) { return one.param.name; });

TEST_P(Pkcs11Signing, EverySchemeOfTheKeyVerifiesAndTakesTwoCalls) {
  const std::string token = NewToken();
  TheHsm().Import(TestPki().Issue({.key = GetParam().key}), {.label = "alice", .token = token});
  const auto calls = std::make_shared<Calls>();
  Pkcs11Source source(SettingsWith(calls));
  const auto key = LoadKey(source, TheHsm().ObjectUri("\x01", true, token));
  EXPECT_FALSE(key->locked());
  EXPECT_TRUE(key->in_hardware());
  ASSERT_THAT(key->schemes(), SizeIs(GetParam().schemes));
  for (const SignatureScheme scheme : key->schemes()) {
    calls->Take();
    EXPECT_TRUE(Signs(*key, scheme)) << Name(scheme);
    EXPECT_THAT(calls->Take(), ElementsAre("C_SignInit", "C_Sign")) << Name(scheme);
  }
}

}  // namespace
}  // namespace signet::testing

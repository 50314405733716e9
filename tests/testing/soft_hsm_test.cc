#include "identity/public_key.h"
#include "pkcs11/admin/token_admin.h"
#include <signet/testing/soft_hsm.h>

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace signet::testing {
namespace {

using ::testing::HasSubstr;

TokenPlace PlaceOf(const SoftHsm& hsm, std::string_view label) {
  hsm.UseInThisProcess();
  Settings settings;
  settings.modules = {SoftHsm::module_path()};
  for (const TokenPlace& place : FindTokens(settings)) {
    if (place.label == label) return place;
  }
  throw Error({.code = ErrorCode::kTokenAbsent, .detail = "no token has the label " + std::string(label)});
}

// UserOf looks at a token in this process, with the user logged in.
struct UserOf {
  explicit UserOf(const SoftHsm& hsm, std::string_view label = {}, std::string_view pin = {})
      : admin(PlaceOf(hsm, label.empty() ? hsm.label() : label),
              {.pin = Secret(pin.empty() ? hsm.pin() : pin)}) {}
  std::size_t Count(CK_OBJECT_CLASS object_class, std::string_view id = "\x01") {
    return admin.List({{id.begin(), id.end()}, {}}, object_class).size();
  }
  TokenAdmin admin;
};

TEST(SoftHsm, DirectoryIsPrivateAndGoesWithIt) {
  struct stat status {};
  std::string path;
  {
    const SoftHsm hsm;
    path = hsm.directory();
    ASSERT_EQ(stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0700u);
    EXPECT_EQ(hsm.environment().at("SOFTHSM2_CONF").rfind(path, 0), 0u);
  }
  EXPECT_NE(stat(path.c_str(), &status), 0);
}

TEST(SoftHsm, GeneratedKeysAreThereUnderTheirPublicKeys) {
  SoftHsm hsm;
  EXPECT_EQ(PublicKey::FromSpki(hsm.Generate("rsa:2048", {.id = "\x11"})).type(), KeyType::kRsa);
  EXPECT_EQ(PublicKey::FromSpki(hsm.Generate("ec:P-256", {.id = "\x12"})).curve(), "prime256v1");
  EXPECT_EQ(PublicKey::FromSpki(hsm.Generate("ec:P-384", {.id = "\x13"})).curve(), "secp384r1");
  EXPECT_EQ(PublicKey::FromSpki(hsm.Generate("ec:P-521", {.id = "\x14"})).curve(), "secp521r1");
  EXPECT_EQ(PublicKey::FromSpki(hsm.Generate("ed25519", {.id = "\x15"})).type(), KeyType::kEd25519);
  EXPECT_EQ(PublicKey::FromSpki(hsm.Generate("ed448", {.id = "\x16"})).type(), KeyType::kEd448);
  UserOf token(hsm);
  for (const char* id : {"\x11", "\x12", "\x13", "\x14", "\x15", "\x16"}) {
    EXPECT_EQ(token.Count(CKO_PRIVATE_KEY, id), 1u);
    EXPECT_EQ(token.Count(CKO_PUBLIC_KEY, id), 1u);
  }
}

TEST(SoftHsm, ImportsEveryKeyTypeWithItsCertificate) {
  SoftHsm hsm;
  const TestPki pki;
  char id = 0x20;
  for (const char* key :
       {"rsa:2048", "rsa-pss:2048", "ec:P-256", "ec:P-384", "ec:P-521", "ed25519", "ed448"}) {
    hsm.Import(pki.Issue({.key = key}), {.id = std::string(1, id++), .label = key});
  }
  UserOf token(hsm);
  for (char each = 0x20; each < id; ++each) {
    EXPECT_EQ(token.Count(CKO_PRIVATE_KEY, {&each, 1}), 1u);
    EXPECT_EQ(token.Count(CKO_PUBLIC_KEY, {&each, 1}), 1u);
    EXPECT_EQ(token.Count(CKO_CERTIFICATE, {&each, 1}), 1u);
  }
}

TEST(SoftHsm, PublicObjectCanBeLeftOut) {
  SoftHsm hsm;
  const TestPki pki;
  hsm.Import(pki.Issue({}), {.public_object = false});
  hsm.Generate("ec:P-256", {.id = "\x02", .public_object = false});
  UserOf token(hsm);
  for (const char* id : {"\x01", "\x02"}) {
    EXPECT_EQ(token.Count(CKO_PRIVATE_KEY, id), 1u);
    EXPECT_EQ(token.Count(CKO_PUBLIC_KEY, id), 0u);
  }
}

TEST(SoftHsm, RemovesWhatItIsToldTo) {
  SoftHsm hsm;
  const TestPki pki;
  hsm.Import(pki.Issue({}), {});
  EXPECT_EQ(hsm.Remove({.id = "\x01", .label = ""}, SoftHsm::ObjectClass::kCertificate), 1u);
  EXPECT_EQ(hsm.Remove({.id = "\x01", .label = ""}), 2u);
  EXPECT_EQ(hsm.Remove({.id = "\x01", .label = ""}), 0u);
}

TEST(SoftHsm, HoldsSeveralTokens) {
  SoftHsm hsm;
  hsm.AddToken({.label = "second token", .pin = "4321"});
  hsm.Generate("ec:P-256", {.id = "\x07", .token = "second token"});
  EXPECT_EQ(hsm.TokenUri(true, "second token"), "pkcs11:token=second%20token?pin-value=4321");
  EXPECT_EQ(hsm.ObjectUri("\x07"), "pkcs11:token=signet-test;id=%07");
  EXPECT_EQ(UserOf(hsm, "second token", "4321").Count(CKO_PRIVATE_KEY, "\x07"), 1u);
  EXPECT_EQ(UserOf(hsm).Count(CKO_PRIVATE_KEY, "\x07"), 0u);
}

TEST(SoftHsm, ManyAtOnceDoNotMeet) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([] {
      SoftHsm hsm;
      EXPECT_FALSE(hsm.Generate("ec:P-256", {}).empty());
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(SoftHsm, FailureNamesTheStep) {
  SoftHsm hsm;
  try {
    hsm.Generate("rsa:12", {});
    FAIL() << "a 12-bit key was made";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("generate"));
    EXPECT_THAT(error.what(), HasSubstr("rsa:12"));
  }
}

}  // namespace
}  // namespace signet::testing

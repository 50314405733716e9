// Identities from what a program holds in memory.
#include "base/openssl_context.h"
#include "base/openssl_ptr.h"
#include <signet/identity.h>
#include <signet/testing/test_pki.h>

#include <functional>
#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>

namespace signet {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::MakePkcs12;
using testing::TestIdentity;
using testing::TestPki;

std::optional<ErrorCode> CodeOf(const std::function<void()>& work) {
  try {
    work();
    return std::nullopt;
  } catch (const Error& error) {
    EXPECT_THAT(error.hint(), ::testing::Not(IsEmpty()));
    return error.code();
  }
}

// Encrypted writes a key as openssl(1) does with -aes256.
std::string Encrypted(const TestIdentity& identity, const std::string& password) {
  const unsigned char* der = identity.private_key.data();
  const OpenSslPtr<PKCS8_PRIV_KEY_INFO> info(
      d2i_PKCS8_PRIV_KEY_INFO(nullptr, &der, static_cast<long>(identity.private_key.size())));
  const OpenSslPtr<EVP_PKEY> key(EVP_PKCS82PKEY(info.get()));
  const OpenSslPtr<BIO> bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), EVP_aes_256_cbc(), password.data(),
                                static_cast<int>(password.size()), nullptr, nullptr);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

class FromPem : public ::testing::Test {
 protected:
  const TestPki pki;
  const TestIdentity intermediate = pki.Intermediate("Intermediate");
  const TestIdentity alice = TestPki::IssueFrom(intermediate, {.common_name = "alice"});
};

TEST_F(FromPem, MakesTheChainAndSigns) {
  const Identity identity = Identity::FromPem(alice.ChainPem() + alice.RootPem(), alice.PrivateKeyPem());
  EXPECT_EQ(identity.leaf(), alice.certificate);
  EXPECT_GE(identity.chain().certificates().size(), 2u);
  EXPECT_EQ(identity.source(), Identity::Source::kApplication);
  EXPECT_THAT(identity.uri(), IsEmpty());
  EXPECT_FALSE(identity.key()->SignMessage(SignatureScheme::kEcdsaSecp256r1Sha256, {}).empty());
}

TEST_F(FromPem, OpensAnEncryptedKeyWithItsPasswordAndWithNoOther) {
  const std::string key = Encrypted(alice, "open sesame");
  const auto open = [&](std::optional<Secret> password) {
    return CodeOf([&] { Identity::FromPem(alice.ChainPem(), key, password); });
  };
  EXPECT_EQ(open(Secret("open sesame")), std::nullopt);
  EXPECT_EQ(open(Secret("open")), ErrorCode::kWrongPassword);
  EXPECT_EQ(open(Secret("")), ErrorCode::kWrongPassword);
  EXPECT_EQ(open(Secret(std::string(5'000, 'x'))), ErrorCode::kWrongPassword);
  EXPECT_EQ(open(std::nullopt), ErrorCode::kPinNeeded);
}

TEST_F(FromPem, RefusesWhatIsNoIdentity) {
  const std::string chain = alice.ChainPem(), key = alice.PrivateKeyPem();
  EXPECT_EQ(CodeOf([&] { Identity::FromPem("", key); }), ErrorCode::kMalformed);
  EXPECT_EQ(CodeOf([&] { Identity::FromPem(chain, ""); }), ErrorCode::kMalformed);
  EXPECT_EQ(CodeOf([&] { Identity::FromPem(chain, chain); }), ErrorCode::kMalformed);
  EXPECT_EQ(CodeOf([&] { Identity::FromPem(chain, key.substr(0, key.size() / 2)); }), ErrorCode::kMalformed);
  EXPECT_EQ(CodeOf([&] { Identity::FromPem(intermediate.ChainPem(), key); }),
            ErrorCode::kKeyCertificateMismatch);
}

TEST(FromPkcs12, MakesTheOneIdentityOfTheFile) {
  const TestPki pki;
  const TestIdentity alice = pki.Issue({.common_name = "alice"}), bob = pki.Issue({.common_name = "bob"});
  const auto one = MakePkcs12(alice);
  const auto open = [](const std::vector<std::uint8_t>& file, std::optional<Secret> password) {
    return CodeOf([&] { Identity::FromPkcs12(file, password); });
  };
  EXPECT_EQ(Identity::FromPkcs12(one, Secret("secret")).leaf(), alice.certificate);
  EXPECT_THAT(Identity::FromPkcs12(one, Secret("secret")).uri(), IsEmpty());
  EXPECT_EQ(open(one, Secret("wrong")), ErrorCode::kWrongPassword);
  EXPECT_EQ(open(one, std::nullopt), ErrorCode::kPinNeeded);
  EXPECT_EQ(open(MakePkcs12({alice, bob}, {}), Secret("secret")), ErrorCode::kAmbiguous);
  EXPECT_EQ(open(MakePkcs12(alice, {.with_key = false}), Secret("secret")), ErrorCode::kCertificateOnly);
  EXPECT_EQ(open({}, std::nullopt), ErrorCode::kMalformed);
  EXPECT_EQ(open(MakePkcs12(alice, {.password = std::nullopt}), std::nullopt), std::nullopt);
}

}  // namespace
}  // namespace signet

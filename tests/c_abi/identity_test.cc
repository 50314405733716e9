// Identities and signatures by the C interface.
#include "c_abi/handles.h"
#include "identity/hashes.h"
#include "identity/public_key.h"
#include "identity/signature_schemes.h"
#include <signet/signet.h>
#include <signet/testing/soft_hsm.h>
#include <signet/testing/temporary_directory.h>
#include <signet/testing/test_pki.h>
#include <signet/testing/wrapped_module.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <future>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/sha.h>

namespace signet {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using testing::MakePkcs12;
using testing::SoftHsm;
using ::testing::StrEq;
using testing::TemporaryDirectory;
using testing::TestIdentity;
using testing::TestPki;

constexpr std::uint16_t kEcdsaP256 = 0x0403;
const std::vector<std::uint8_t> kMessage{'t', 'e', 'x', 't'};

std::vector<std::uint16_t> Schemes(const signet_identity* identity) {
  std::vector<std::uint16_t> schemes(signet_identity_schemes(identity, nullptr, 0, nullptr));
  EXPECT_EQ(signet_identity_schemes(identity, schemes.data(), schemes.size(), nullptr), schemes.size());
  return schemes;
}

bool Verifies(const signet_identity* identity, std::uint16_t scheme, std::vector<std::uint8_t> signature) {
  std::size_t size = 0;
  const std::uint8_t* der = signet_identity_certificate(identity, 0, &size);
  const Certificate leaf = Certificate::FromDer({der, size});
  const SigningAlgorithm& algorithm = RowOf(static_cast<SignatureScheme>(scheme)).algorithm;
  return PublicKey::FromSpki(leaf.subject_public_key_info())
      .Verify(algorithm, algorithm.hash == Hash::kNone ? kMessage : Digest(algorithm.hash, kMessage),
              signature);
}

std::vector<std::uint8_t> Signed(const signet_identity* identity, std::uint16_t scheme) {
  std::vector<std::uint8_t> signature(signet_identity_max_signature_size(identity));
  signet_error* error = nullptr;
  signature.resize(signet_identity_sign(identity, scheme, kMessage.data(), kMessage.size(), signature.data(),
                                        signature.size(), &error));
  EXPECT_EQ(error, nullptr) << signet_error_message(error);
  signet_error_free(error);
  return signature;
}

class CIdentityOfKey : public ::testing::TestWithParam<const char*> {};

TEST_P(CIdentityOfKey, SignsWithEachOfItsSchemes) {
  const TestPki pki;
  const TestIdentity alice = TestPki::IssueFrom(pki.Intermediate("Intermediate"), {.key = GetParam()});
  const CIdentity identity = FromPem(alice);
  ASSERT_NE(identity, nullptr);
  EXPECT_EQ(signet_identity_certificate_count(identity.get()), 2u);
  EXPECT_EQ(signet_identity_certificate(identity.get(), 2, nullptr), nullptr);
  EXPECT_FALSE(signet_identity_in_hardware(identity.get()));
  EXPECT_THAT(signet_identity_uri(identity.get()), StrEq(""));
  EXPECT_THAT(signet_identity_subject(identity.get()), HasSubstr("CN=alice"));
  const auto schemes = Schemes(identity.get());
  EXPECT_FALSE(schemes.empty());
  std::size_t size = 0;
  const std::uint8_t* spki = signet_identity_public_key(identity.get(), &size);
  EXPECT_THAT(std::vector(spki, spki + size),
              ::testing::ElementsAreArray(alice.certificate.subject_public_key_info()));
  for (const std::uint16_t scheme : schemes) {
    EXPECT_TRUE(Verifies(identity.get(), scheme, Signed(identity.get(), scheme))) << scheme;
  }
}
INSTANTIATE_TEST_SUITE_P(Keys, CIdentityOfKey,
                         ::testing::Values("rsa:2048", "rsa-pss:2048", "ec:P-256", "ec:P-384", "ec:P-521",
                                           "ed25519", "ed448"));

TEST(CIdentity, IsReadFromTheBytesOfAPkcs12File) {
  const TestPki pki;
  const TestIdentity alice = pki.Issue({});
  const auto file = MakePkcs12(alice);
  signet_error* error = nullptr;
  const CIdentity identity(signet_identity_from_pkcs12(file.data(), file.size(), "secret", &error));
  ASSERT_NE(identity, nullptr) << signet_error_message(error);
  EXPECT_THAT(signet_identity_key(identity.get()), StrEq("EC P-256"));
  EXPECT_THAT(Schemes(identity.get()), Contains(kEcdsaP256));

  EXPECT_EQ(signet_identity_from_pkcs12(file.data(), file.size(), "wrong", &error), nullptr);
  EXPECT_EQ(signet_error_get_code(error), SIGNET_ERROR_WRONG_PASSWORD);
  EXPECT_THAT(signet_error_uri(error), StrEq(""));
  signet_error_free(error);
  EXPECT_EQ(signet_identity_from_pkcs12(file.data(), file.size() / 2, "secret", &error), nullptr);
  EXPECT_EQ(signet_error_get_code(error), SIGNET_ERROR_MALFORMED);
  signet_error_free(error);
  EXPECT_EQ(signet_identity_from_pkcs12(file.data(), file.size(), nullptr, &error), nullptr);
  EXPECT_EQ(signet_error_get_code(error), SIGNET_ERROR_PIN_NEEDED);
  signet_error_free(error);
}

TEST(CIdentity, OfAnotherCertificateIsRefused) {
  const TestPki pki;
  const std::string chain = pki.Issue({}).ChainPem(), key = pki.Issue({}).PrivateKeyPem();
  signet_error* error = nullptr;
  EXPECT_EQ(signet_identity_from_pem(chain.data(), chain.size(), key.data(), key.size(), nullptr, &error),
            nullptr);
  const CError owned(error);
  EXPECT_EQ(signet_error_get_code(error), SIGNET_ERROR_KEY_CERTIFICATE_MISMATCH);
}

TEST(CIdentity, OutlivesItsSourceByACopy) {
  const TestPki pki;
  const TemporaryDirectory directory;
  const std::string uri =
      "pkcs12:" + directory.Write("alice.p12", MakePkcs12(pki.Issue({}))) + "?pin-value=secret";
  CSource source(signet_source_new(nullptr, nullptr, SIGNET_PROMPT_BY_PERSON, nullptr, nullptr));
  CListing listing(signet_source_list(source.get(), uri.c_str(), nullptr));
  ASSERT_EQ(signet_listing_identity_count(listing.get()), 1u);
  EXPECT_EQ(signet_listing_problem_count(listing.get()), 0u);
  EXPECT_EQ(signet_listing_identity(listing.get(), 1), nullptr);
  const CIdentity copy(signet_identity_copy(signet_listing_identity(listing.get(), 0)));
  listing.reset();
  source.reset();
  EXPECT_THAT(signet_identity_uri(copy.get()), HasSubstr("alice.p12"));
  EXPECT_TRUE(Verifies(copy.get(), kEcdsaP256, Signed(copy.get(), kEcdsaP256)));
}

// Counts how often a source's data is released.
void Count(void* data) { ++*static_cast<int*>(data); }
bool Decline(const signet_pin_request*, signet_pin*, void*) { return false; }

TEST(CSource, ReleasesItsDataOnceItAndItsIdentitiesAreFreed) {
  SoftHsm hsm;
  const TestPki pki;
  hsm.Import(pki.Issue({}), {});
  hsm.UseInThisProcess();
  const CSettings settings(signet_settings_new(nullptr));
  ASSERT_TRUE(
      signet_settings_set(settings.get(), "pkcs11-module-path", SoftHsm::module_path().c_str(), nullptr));
  int released = 0;
  CSource source(
      signet_source_new_owning(settings.get(), Decline, SIGNET_PROMPT_BY_PERSON, &released, Count, nullptr));
  CIdentity identity(signet_source_open(source.get(), hsm.ObjectUri("\x01", true).c_str(), nullptr));
  ASSERT_NE(identity, nullptr);
  EXPECT_TRUE(Verifies(identity.get(), kEcdsaP256, Signed(identity.get(), kEcdsaP256)));
  source.reset();
  CIdentity copy(signet_identity_copy(identity.get()));
  identity.reset();
  EXPECT_EQ(released, 0);
  copy.reset();
  EXPECT_EQ(released, 1);
}

TEST(CSource, ReleasesItsDataImmediatelyIfItIsNotNeeded) {
  int released = 0;
  const CSource source(
      signet_source_new_owning(nullptr, nullptr, SIGNET_PROMPT_BY_PERSON, &released, Count, nullptr));
  EXPECT_EQ(released, 1);
  setenv("SIGNET_CALL_TIMEOUT_MS", "never", 1);
  EXPECT_EQ(signet_source_new_owning(nullptr, Decline, SIGNET_PROMPT_BY_PERSON, &released, Count, nullptr),
            nullptr);
  unsetenv("SIGNET_CALL_TIMEOUT_MS");
  EXPECT_EQ(released, 2);
}

TEST(CIdentity, SignsDigestsWhereTheSchemeHasAHash) {
  const TestPki pki;
  const CIdentity ec = FromPem(pki.Issue({})), edwards = FromPem(pki.Issue({.key = "ed25519"}));
  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest;
  SHA256(kMessage.data(), kMessage.size(), digest.data());
  std::vector<std::uint8_t> signature(signet_identity_max_signature_size(ec.get()));
  signature.resize(signet_identity_sign_digest(ec.get(), kEcdsaP256, digest.data(), digest.size(),
                                               signature.data(), signature.size(), nullptr));
  EXPECT_TRUE(Verifies(ec.get(), kEcdsaP256, signature));
  signet_error* error = nullptr;
  signature.resize(200);
  EXPECT_EQ(
      signet_identity_sign_digest(ec.get(), kEcdsaP256, digest.data(), 20, signature.data(), 200, &error),
      0u);
  EXPECT_EQ(signet_error_get_code(error), SIGNET_ERROR_BAD_ARGUMENT);
  signet_error_free(error);
  EXPECT_EQ(
      signet_identity_sign_digest(edwards.get(), 0x0807, digest.data(), 32, signature.data(), 200, &error),
      0u);
  EXPECT_EQ(signet_error_get_code(error), SIGNET_ERROR_UNSUPPORTED);
  signet_error_free(error);
  EXPECT_EQ(signet_identity_sign(ec.get(), kEcdsaP256, kMessage.data(), 4, signature.data(), 1, &error), 0u);
  EXPECT_EQ(signet_error_get_code(error), SIGNET_ERROR_BAD_ARGUMENT) << "too little room";
  signet_error_free(error);
  EXPECT_EQ(signet_identity_sign(ec.get(), 0x9999, kMessage.data(), 4, signature.data(), 200, &error), 0u);
  EXPECT_EQ(signet_error_get_code(error), SIGNET_ERROR_BAD_ARGUMENT) << "no such scheme";
  signet_error_free(error);
}

// What came to the callback of an asynchronous signature.
struct Arrived {
  std::vector<std::uint8_t> signature;
  std::string error;
};
void Arrive(const std::uint8_t* signature, std::size_t size, signet_error* error, void* data) {
  Arrived arrived;
  if (signature != nullptr) arrived.signature.assign(signature, signature + size);
  if (error != nullptr) arrived.error = signet_error_name(error);
  signet_error_free(error);
  static_cast<std::promise<Arrived>*>(data)->set_value(std::move(arrived));
}

TEST(CIdentity, OfATokenSignsInTheBackgroundAndSaysWhatFailed) {
  SoftHsm hsm;
  const TestPki pki;
  hsm.Import(pki.Issue({}), {});
  hsm.UseInThisProcess();
  const testing::WrappedModule module(hsm);
  const CSettings settings(signet_settings_new(nullptr));
  ASSERT_TRUE(signet_settings_set(settings.get(), "pkcs11-module-path", module.path().c_str(), nullptr));
  const CSource source(signet_source_new(settings.get(), nullptr, SIGNET_PROMPT_BY_PERSON, nullptr, nullptr));
  const CIdentity identity(signet_source_open(source.get(), hsm.ObjectUri("\x01", true).c_str(), nullptr));
  ASSERT_NE(identity, nullptr);
  EXPECT_TRUE(signet_identity_in_hardware(identity.get()));
  std::promise<Arrived> good, bad, none;
  signet_identity_sign_async(identity.get(), kEcdsaP256, kMessage.data(), kMessage.size(), Arrive, &good);
  EXPECT_TRUE(Verifies(identity.get(), kEcdsaP256, good.get_future().get().signature));
  signet_identity_sign_async(identity.get(), 0x0804, kMessage.data(), kMessage.size(), Arrive, &bad);
  EXPECT_THAT(bad.get_future().get().error, StrEq("bad-argument"));
  signet_identity_sign_async(nullptr, 0x0804, nullptr, 0, Arrive, &none);
  EXPECT_THAT(none.get_future().get().error, StrEq("bad-argument"));
}

}  // namespace
}  // namespace signet

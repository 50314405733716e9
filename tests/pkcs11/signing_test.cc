#include "identity/hashes.h"
#include "identity/public_key.h"
#include "identity/signature_schemes.h"
#include "pkcs11/module/cryptoki.h"
#include "pkcs11/world.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

namespace signet::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using ::testing::SizeIs;

struct KeyCase {
  const char* name;
  const char* key;
  std::size_t schemes;
};

class Pkcs11Signing : public OnWrappedToken, public ::testing::WithParamInterface<KeyCase> {};

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
  hsm.Import(pki.Issue({.key = GetParam().key}), {.id = "\x02"});
  Pkcs11Source source(settings());
  const auto key = LoadKey(source, hsm.ObjectUri("\x02", true));
  EXPECT_FALSE(key->locked());
  EXPECT_TRUE(key->in_hardware());
  EXPECT_FALSE(key->ExportPkcs8().has_value());
  ASSERT_THAT(key->schemes(), SizeIs(GetParam().schemes));
  for (const SignatureScheme scheme : key->schemes()) {
    module->Reset();
    EXPECT_TRUE(Signs(*key, scheme)) << Name(scheme);
    EXPECT_THAT(module->Counts(), ElementsAre(Pair("C_Sign", 1), Pair("C_SignInit", 1))) << Name(scheme);
  }
}

class Pkcs11Rsa : public OnWrappedToken {
 protected:
  Pkcs11Rsa() { hsm.Import(pki.Issue({.key = "rsa:2048"}), {.id = "\x02"}); }
  std::string Uri() const { return hsm.ObjectUri("\x02", true); }
};

TEST_F(Pkcs11Rsa, PaddingIsDoneHereWhereTheTokenHasOnlyRawRsa) {
  Change([](ModuleBehaviour& b) { b.hidden_mechanisms = {CKM_RSA_PKCS_PSS, CKM_RSA_PKCS}; });
  Pkcs11Source source(settings());
  const auto key = LoadKey(source, Uri());
  ASSERT_THAT(key->schemes(), SizeIs(8));
  for (const SignatureScheme scheme : key->schemes()) EXPECT_TRUE(Signs(*key, scheme)) << Name(scheme);
}

TEST_F(Pkcs11Rsa, ASchemeWithoutAPlanIsNotOffered) {
  Change([](ModuleBehaviour& b) {
    b.hidden_mechanisms = {CKM_RSA_PKCS_PSS, CKM_RSA_X_509, CKM_SHA256_RSA_PKCS_PSS, CKM_SHA384_RSA_PKCS_PSS,
                           CKM_SHA512_RSA_PKCS_PSS};
  });
  Pkcs11Source source(settings());
  const auto key = LoadKey(source, Uri());
  ASSERT_THAT(key->schemes(), SizeIs(5));
  for (const SignatureScheme scheme : key->schemes()) {
    EXPECT_EQ(RowOf(scheme).algorithm.kind, SigningAlgorithm::Kind::kRsaPkcs1) << Name(scheme);
  }
  std::vector<std::uint8_t> room(256);
  EXPECT_EQ(CodeOf([&] {
              key->Sign(RowOf(SignatureScheme::kRsaPssRsaeSha256).algorithm, std::vector<std::uint8_t>(32),
                        room);
            }),
            ErrorCode::kUnsupported);
}

// The mechanisms that hash the message in the token, as SoftHSM has them.
const std::vector<unsigned long> kHashAndSign = {CKM_SHA256_RSA_PKCS, CKM_SHA512_RSA_PKCS,
                                                 CKM_SHA256_RSA_PKCS_PSS, CKM_SHA384_RSA_PKCS_PSS};
const SigningAlgorithm kPkcs1Sha256 = {.kind = SigningAlgorithm::Kind::kRsaPkcs1, .hash = Hash::kSha256};

TEST_F(Pkcs11Rsa, AKeyThatOnlyHashesAndSignsSignsWholeMessages) {
  Change([](ModuleBehaviour& b) { b.allowed_mechanisms = kHashAndSign; });
  Pkcs11Source source(settings());
  const auto key = LoadKey(source, Uri());
  EXPECT_THAT(key->schemes(), ::testing::UnorderedElementsAre(
                                  SignatureScheme::kRsaPkcs1Sha256, SignatureScheme::kRsaPkcs1Sha512,
                                  SignatureScheme::kRsaPssRsaeSha256, SignatureScheme::kRsaPssRsaeSha384));
  for (const SignatureScheme scheme : key->schemes()) {
    EXPECT_TRUE(key->NeedsMessage(RowOf(scheme).algorithm)) << Name(scheme);
    module->Reset();
    EXPECT_TRUE(Signs(*key, scheme)) << Name(scheme);
    EXPECT_THAT(module->Counts(), ElementsAre(Pair("C_Sign", 1), Pair("C_SignInit", 1))) << Name(scheme);
  }
  std::vector<std::uint8_t> signature(256);
  const std::vector<std::uint8_t> large(3 << 20, 7);
  ASSERT_EQ(key->SignWhole(kPkcs1Sha256, large, signature), 256u);
  EXPECT_TRUE(PublicKey::FromSpki(key->subject_public_key_info())
                  .Verify(kPkcs1Sha256, Digest(Hash::kSha256, large), signature));
}

TEST_F(Pkcs11Rsa, ADigestForAKeyThatHashesItselfNamesWhatTheKeyHas) {
  Change([](ModuleBehaviour& b) { b.allowed_mechanisms = kHashAndSign; });
  Pkcs11Source source(settings());
  const auto key = LoadKey(source, Uri());
  std::vector<std::uint8_t> room(256);
  try {
    key->Sign(kPkcs1Sha256, std::vector<std::uint8_t>(32), room);
    FAIL() << "a digest was signed";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
    EXPECT_THAT(error.detail(), ::testing::HasSubstr("CKM_SHA256_RSA_PKCS, CKM_SHA512_RSA_PKCS"));
    EXPECT_THAT(error.detail(), ::testing::HasSubstr("complete messages"));
  }
  EXPECT_TRUE(Signs(*key)) << "nothing was lost";
}

TEST_F(Pkcs11Rsa, ATokenThatRefusesDigestsInSecretSignsTheMessageInTheSameOperation) {
  Change([](ModuleBehaviour& b) { b.refused_mechanisms = {CKM_RSA_PKCS, CKM_RSA_X_509, CKM_RSA_PKCS_PSS}; });
  Pkcs11Source source(settings());
  const auto key = LoadKey(source, Uri());
  EXPECT_FALSE(key->NeedsMessage(kPkcs1Sha256));
  EXPECT_TRUE(Signs(*key, SignatureScheme::kRsaPkcs1Sha256));
  EXPECT_TRUE(key->NeedsMessage(kPkcs1Sha256));
  const std::vector<std::uint8_t> digest(32, 5);
  std::vector<std::uint8_t> signature(256);
  EXPECT_EQ(CodeOf([&] { key->Sign(kPkcs1Sha256, digest, signature); }), ErrorCode::kUnsupported);
  module->Set({});
  EXPECT_EQ(key->Sign(kPkcs1Sha256, digest, signature), 256u) << "it takes digests again";
  EXPECT_FALSE(key->NeedsMessage(kPkcs1Sha256));
}

TEST_F(Pkcs11Rsa, AnOperationWithBufferTooSmallLosesNothing) {
  Pkcs11Source source(settings());
  const auto key = LoadKey(source, Uri());
  ASSERT_TRUE(Signs(*key));
  Change([](ModuleBehaviour& b) { b.faults = {{.function = "C_Sign", .result = CKR_BUFFER_TOO_SMALL}}; });
  EXPECT_EQ(CodeOf([&] { Signs(*key); }), ErrorCode::kModuleTrouble);
  EXPECT_TRUE(Signs(*key));
}

TEST_F(Pkcs11Rsa, AMechanismThatIsListedAndRefusedIsTriedLastFromThenOn) {
  Change([](ModuleBehaviour& b) { b.refused_mechanisms = {CKM_RSA_PKCS_PSS}; });
  Pkcs11Source source(settings());
  const auto key = LoadKey(source, Uri());
  EXPECT_TRUE(Signs(*key, SignatureScheme::kRsaPssRsaeSha256));
  module->Reset();
  EXPECT_TRUE(Signs(*key, SignatureScheme::kRsaPssRsaeSha384));
  EXPECT_EQ(module->Count("*"), 2u);
  Change([](ModuleBehaviour& b) { b.refused_mechanisms = {CKM_RSA_X_509}; });
  EXPECT_TRUE(Signs(*key, SignatureScheme::kRsaPssRsaeSha384)) << "the first one works again";
  module->Reset();
  EXPECT_TRUE(Signs(*key, SignatureScheme::kRsaPssRsaeSha384));
  EXPECT_EQ(module->Count("*"), 2u);
}

TEST_F(Pkcs11Rsa, OneRejectionKeepsAllSchemesOfTheKey) {
  Pkcs11Source source(settings());
  const auto key = LoadKey(source, Uri());
  const auto schemes = key->schemes();
  for (const unsigned long mechanism : {CKM_RSA_PKCS, CKM_RSA_PKCS_PSS, CKM_RSA_X_509}) {
    Change([&](ModuleBehaviour& b) { b.refused_mechanisms = {mechanism}; });
    for (const SignatureScheme scheme : schemes) EXPECT_TRUE(Signs(*key, scheme)) << mechanism;
    module->Set({});
    EXPECT_EQ(key->schemes(), schemes);
  }
  Change([](ModuleBehaviour& b) { b.allowed_mechanisms = {CKM_RSA_PKCS_PSS}; });
  module->DropSessions();
  Change([](ModuleBehaviour& b) { b.handle_shift = 1; });
  EXPECT_TRUE(Signs(*key, SignatureScheme::kRsaPssRsaeSha256));
  Change([](ModuleBehaviour& b) { b.allowed_mechanisms = {}; });
  Change([](ModuleBehaviour& b) { b.handle_shift = 2; });
  EXPECT_TRUE(Signs(*key, SignatureScheme::kRsaPssRsaeSha256));
  EXPECT_EQ(key->schemes(), schemes) << "what the key allows is what it said last";
}

TEST_F(Pkcs11Rsa, PssWithUnequalHashesAndRawRsaWork) {
  Pkcs11Source source(settings());
  const auto key = LoadKey(source, Uri());
  const auto public_key = PublicKey::FromSpki(key->subject_public_key_info());
  std::vector<std::uint8_t> signature(256);
  const std::vector<std::uint8_t> digest(32, 5);
  const SigningAlgorithm pss = {.kind = SigningAlgorithm::Kind::kRsaPss,
                                .hash = Hash::kSha256,
                                .mgf1_hash = Hash::kSha1,
                                .salt_length = 11};
  ASSERT_EQ(key->Sign(pss, digest, signature), 256u);
  EXPECT_TRUE(public_key.Verify(pss, digest, signature));
  std::vector<std::uint8_t> block(256, 3);
  block[0] = 0;
  const SigningAlgorithm raw = {.kind = SigningAlgorithm::Kind::kRsaRaw};
  ASSERT_EQ(key->Sign(raw, block, signature), 256u);
  EXPECT_TRUE(public_key.Verify(raw, block, signature));
  const SigningAlgorithm plain = {.kind = SigningAlgorithm::Kind::kRsaPkcs1};
  ASSERT_EQ(key->Sign(plain, std::vector<std::uint8_t>(36, 9), signature), 256u);
  EXPECT_TRUE(public_key.Verify(plain, std::vector<std::uint8_t>(36, 9), signature));
}

TEST_F(Pkcs11Rsa, InputThatDoesNotFitIsTheCallersFault) {
  Pkcs11Source source(settings());
  const auto key = LoadKey(source, Uri());
  const SigningAlgorithm& pss = RowOf(SignatureScheme::kRsaPssRsaeSha256).algorithm;
  std::vector<std::uint8_t> room(256);
  EXPECT_EQ(CodeOf([&] { key->Sign(pss, std::vector<std::uint8_t>(31), room); }), ErrorCode::kBadArgument);
  EXPECT_EQ(CodeOf([&] { key->Sign(pss, std::vector<std::uint8_t>(32), std::span(room).first(255)); }),
            ErrorCode::kBadArgument);
  EXPECT_EQ(CodeOf([&] {
              key->Sign({.kind = SigningAlgorithm::Kind::kEcdsa}, std::vector<std::uint8_t>(32), room);
            }),
            ErrorCode::kBadArgument);
}

using Pkcs11Lies = OnWrappedToken;

TEST_F(Pkcs11Lies, ASignatureOfTheWrongLengthIsAnErrorAndTheNextOneWorks) {
  Pkcs11Source source(settings());
  const auto key = LoadKey(source, Uri());
  using Length = ModuleBehaviour::SignatureLength;
  for (const Length length : {Length::kZero, Length::kOneShort, Length::kBeyondBuffer}) {
    Change([&](ModuleBehaviour& b) { b.signature_length = length; });
    EXPECT_EQ(CodeOf([&] { Signs(*key); }), ErrorCode::kTokenTrouble) << static_cast<int>(length);
  }
  module->Set({});
  EXPECT_TRUE(Signs(*key));
}

TEST_F(Pkcs11Lies, AFirstSignatureThatDoesNotVerifyIsNotReleased) {
  Change([](ModuleBehaviour& b) { b.corrupt_signature = true; });
  Pkcs11Source source(settings());
  const auto key = LoadKey(source, Uri());
  EXPECT_EQ(CodeOf([&] { Signs(*key); }), ErrorCode::kKeyCertificateMismatch);
}

TEST_F(Pkcs11Lies, LabelsWithNulsAndUnavailableNumbersDoNotMatter) {
  using Label = ModuleBehaviour::Label;
  for (const Label label : {Label::kNulFilled, Label::kGarbageAfterNul}) {
    Change([&](ModuleBehaviour& b) {
      b.label = label;
      b.unavailable_information = true;
    });
    Pkcs11Source source(settings());
    EXPECT_TRUE(Signs(*LoadKey(source, Uri())));
    EXPECT_EQ(source.List(Uri(), nullptr).identities.size(), 1u);
  }
}

TEST_F(Pkcs11Lies, AttributesAreReadOneByOneWhereTheModuleWantsThatOrHidesSome) {
  Change([](ModuleBehaviour& b) { b.single_attributes = true; });
  {
    Pkcs11Source source(settings());
    EXPECT_TRUE(Signs(*LoadKey(source, Uri())));
    EXPECT_EQ(source.List(Uri(), nullptr).identities.size(), 1u);
  }
  Change([](ModuleBehaviour& b) {
    b.single_attributes = false;
    b.failing_attributes = {CKA_ALWAYS_AUTHENTICATE, CKA_ALLOWED_MECHANISMS, CKA_LABEL};
  });
  Pkcs11Source source(settings());
  EXPECT_TRUE(Signs(*LoadKey(source, Uri())));
}

TEST_F(Pkcs11Lies, APublicKeyIsFoundWhereverTheTokenHasIt) {
  Change([](ModuleBehaviour& b) { b.hide_public_keys = true; });
  {
    Pkcs11Source source(settings());
    EXPECT_TRUE(Signs(*LoadKey(source, Uri())));  // from the certificate
  }
  Change([](ModuleBehaviour& b) {
    b.hide_public_keys = false;
    b.hide_certificates = true;
  });
  {
    Pkcs11Source source(settings());
    EXPECT_TRUE(Signs(*LoadKey(source, Uri())));  // from the public key
  }
}

// SignsFor tells whether a signature of `key` verifies with `spki`.
bool SignsFor(PrivateKey& key, std::span<const std::uint8_t> spki) {
  const SigningAlgorithm& algorithm = RowOf(key.schemes().at(0)).algorithm;
  const std::vector<std::uint8_t> message(100, 7);
  const auto signature = key.SignMessage(key.schemes().at(0), message);
  const auto input = algorithm.hash == Hash::kNone ? message : Digest(algorithm.hash, message);
  return PublicKey::FromSpki(spki).Verify(algorithm, input, signature);
}

TEST_F(Pkcs11Lies, AnEcKeyAloneIsLoadedByItsTypeAndCurve) {
  Change([](ModuleBehaviour& b) { b.hide_public_keys = b.hide_certificates = true; });
  Pkcs11Source source(settings());
  const auto key = LoadKey(source, Uri());
  EXPECT_EQ(key->type(), KeyType::kEc);
  EXPECT_EQ(Description(*key), "EC P-256");
  EXPECT_THAT(key->schemes(), SizeIs(3));
  EXPECT_FALSE(PublicKey::FromPartialSpki(key->subject_public_key_info()).known());
  EXPECT_EQ(CodeOf([&] { PublicKey::FromSpki(key->subject_public_key_info()); }), ErrorCode::kUnsupported);
  EXPECT_TRUE(SignsFor(*key, alice.certificate.subject_public_key_info()));
}

TEST_F(Pkcs11Lies, AnEcKeyAloneIsFoundAgainAfterItsHandleWentStale) {
  Change([](ModuleBehaviour& b) { b.hide_public_keys = b.hide_certificates = true; });
  Pkcs11Source source(settings());
  const auto key = LoadKey(source, Uri());
  Change([](ModuleBehaviour& b) { b.handle_shift = 1; });
  EXPECT_TRUE(SignsFor(*key, alice.certificate.subject_public_key_info()));
}

TEST_F(Pkcs11Lies, AKeyWithoutPublicPartAndCurveIsAClearError) {
  Change([](ModuleBehaviour& b) {
    b.hide_public_keys = b.hide_certificates = true;
    b.failing_attributes = {CKA_EC_PARAMS};
  });
  Pkcs11Source source(settings());
  EXPECT_EQ(CodeOf([&] { LoadKey(source, Uri()); }), ErrorCode::kUnsupported);
}

// Pkcs11Generated is a key that nothing but the token has ever seen, without a public key object.
class Pkcs11Generated : public OnWrappedToken, public ::testing::WithParamInterface<const char*> {};

INSTANTIATE_TEST_SUITE_P(Keys, Pkcs11Generated, ::testing::Values("ec:P-256", "ec:P-384", "ed25519"),
                         [](const auto& one) {
                           std::string name = one.param;
                           std::erase_if(name, [](char c) { return std::isalnum(c) == 0; });
                           return name;
                         });

TEST_P(Pkcs11Generated, AKeyGeneratedOnTheTokenSignsWithoutItsPublicKey) {
#ifdef __SANITIZE_ADDRESS__
  const __lsan::ScopedDisabler of_softhsm;  // it loses the curve's name that it reads with an Ed25519 key
#endif
  const auto spki = hsm.Generate(GetParam(), {.id = "\x02", .public_object = false});
  Pkcs11Source source(settings());
  const auto key = LoadKey(source, hsm.ObjectUri("\x02", true));
  EXPECT_TRUE(SignsFor(*key, spki));
}

struct AllowedCase {
  const char* name;
  std::vector<unsigned long> allowed;
  bool pss;
};

// PrintTo keeps GoogleTest from printing the padding.
void PrintTo(const AllowedCase& row, std::ostream* out) { *out << row.name; }

class Pkcs11Allowed : public OnWrappedToken, public ::testing::WithParamInterface<AllowedCase> {};

INSTANTIATE_TEST_SUITE_P(Lists, Pkcs11Allowed,
                         ::testing::Values(AllowedCase{"AnyPss", {CKM_RSA_PKCS_PSS}, true},
                                           AllowedCase{"OneHash", {CKM_SHA384_RSA_PKCS_PSS}, true},
                                           AllowedCase{"Sha3", {CKM_RSA_PKCS_PSS, 0x63, 0x64}, true},
                                           AllowedCase{"AlsoPkcs1", {CKM_RSA_PKCS_PSS, CKM_RSA_PKCS}, false},
                                           AllowedCase{"AlsoRaw", {CKM_RSA_PKCS_PSS, CKM_RSA_X_509}, false},
                                           AllowedCase{
                                               "AlsoOaep", {CKM_RSA_PKCS_PSS, CKM_RSA_PKCS_OAEP}, false},
                                           AllowedCase{"Pkcs1", {CKM_SHA256_RSA_PKCS}, false}),
                         [](const auto& one) { return one.param.name; });

TEST_P(Pkcs11Allowed, AnRsaKeyForPssAloneIsAnRsaPssKey) {
  const auto spki = hsm.Generate("rsa:2048", {.id = "\x02"});
  Change([](ModuleBehaviour& b) { b.allowed_mechanisms = GetParam().allowed; });
  Pkcs11Source source(settings());
  const auto key = LoadKey(source, hsm.ObjectUri("\x02", true));
  EXPECT_EQ(key->type(), GetParam().pss ? KeyType::kRsaPss : KeyType::kRsa);
  const auto public_keys = source.Load(hsm.ObjectUri("\x02", true), kWantPublicKeys, nullptr).public_keys;
  ASSERT_THAT(public_keys, SizeIs(1));
  EXPECT_TRUE(std::ranges::equal(public_keys[0].spki(), key->subject_public_key_info()));
  EXPECT_EQ(std::ranges::equal(spki, key->subject_public_key_info()), !GetParam().pss);
  ASSERT_FALSE(key->schemes().empty());
  EXPECT_EQ(RowOf(key->schemes()[0]).key, key->type());
}

TEST_F(Pkcs11Rsa, AKeyForPssAloneIsRsaIfItsCertificateIsRsa) {
  Change([](ModuleBehaviour& b) { b.allowed_mechanisms = {CKM_RSA_PKCS_PSS}; });
  Pkcs11Source source(settings());
  const auto key = LoadKey(source, Uri());
  EXPECT_EQ(key->type(), KeyType::kRsa);
  EXPECT_TRUE(Signs(*key, SignatureScheme::kRsaPssRsaeSha256));
}

TEST_F(Pkcs11Lies, AModuleThatFindsOneObjectAtATimeIsSearchedToTheEnd) {
  hsm.Import(pki.Issue({.common_name = "bob"}), {.id = "\x02", .label = "bob"});
  Change([](ModuleBehaviour& b) { b.find_at_most = 1; });
  Pkcs11Source source(settings());
  EXPECT_EQ(source.List(hsm.TokenUri(true), nullptr).identities.size(), 2u);
}

TEST_F(Pkcs11Lies, AModuleThatCannotLockIsCalledByOneThreadAtATime) {
  Change([](ModuleBehaviour& b) {
    b.cant_lock = true;
    b.delay_us = 500;
  });
  Pkcs11Source source(settings());
  const auto key = LoadKey(source, Uri());
  module->Reset();
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 5; ++n) EXPECT_TRUE(Signs(*key));
    });
  }
  threads.clear();
  EXPECT_EQ(module->MaxInFlight(), 1);
}

}  // namespace
}  // namespace signet::testing

// Objects as tokens hold them that nobody of this project filled: without IDs, with fillers, with attributes
// that are missing, long or odd.
#include "pkcs11/module/cryptoki.h"
#include "pkcs11/world.h"
#include <signet/testing/memory_token.h>

#include <cstring>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>

namespace signet::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

template <class Number>
std::string NumberText(Number number) {
  return {reinterpret_cast<const char*>(&number), sizeof number};
}

std::string Mechanisms(std::vector<CK_MECHANISM_TYPE> mechanisms) {
  return {reinterpret_cast<const char*>(mechanisms.data()), mechanisms.size() * sizeof(CK_MECHANISM_TYPE)};
}

std::string Text(std::span<const std::uint8_t> bytes) { return {bytes.begin(), bytes.end()}; }

class AwkwardObjects : public ::testing::Test {
 protected:
  Settings settings() const {
    Settings some;
    some.modules = {module.path()};
    return some;
  }
  Listing List() { return Pkcs11Source(settings()).List(module.TokenUri(token, true), nullptr); }
  // KeyUri names the key with ID 01 alone.
  std::string KeyUri() const { return module.TokenUri(token) + ";id=%01;type=private?pin-value=1234"; }

  MemoryModule module;
  std::size_t token = module.AddToken();
  TestPki pki;
};

struct OddCertificate {
  const char* name;
  MemoryChanges changes;
  const char* said;
};

class UnreadableCertificate : public AwkwardObjects, public ::testing::WithParamInterface<OddCertificate> {};

INSTANTIATE_TEST_SUITE_P(
    All, UnreadableCertificate,
    ::testing::Values(
        OddCertificate{"AUrlAlone", {{CKA_VALUE, ""}, {CKA_URL, "http://example.com/a.cer"}}, "URL"},
        OddCertificate{"NoValue", {{CKA_VALUE, std::nullopt}}, "no value"},
        OddCertificate{"Damaged", {{CKA_VALUE, std::string("\x30\x03\x02\x01\x05")}}, "not a certificate"},
        OddCertificate{"CutOff", {{CKA_VALUE, std::string("\x30\x82\x03\x00\x02\x01", 6)}}, "not DER"},
        OddCertificate{"AnEmptyFile", {{CKA_VALUE, std::string(1024, '\0')}}, "not DER"},
        OddCertificate{"Wtls",
                       {{CKA_CERTIFICATE_TYPE, NumberText<CK_CERTIFICATE_TYPE>(CKC_WTLS)}},
                       "not an X.509 certificate"},
        OddCertificate{"AttributeCertificate",
                       {{CKA_CERTIFICATE_TYPE, NumberText<CK_CERTIFICATE_TYPE>(CKC_X_509_ATTR_CERT)}},
                       "not an X.509 certificate"}),
    [](const auto& one) { return one.param.name; });

TEST_P(UnreadableCertificate, IsAProblemAndTheKeySigns) {
  for (const char* kind : {"rsa:2048", "ec:P-256"}) {
    module.Clear();
    token = module.AddToken();
    module.AddIdentity(token, pki.Issue({.key = kind}), {.certificate_changes = GetParam().changes});
    module.AddIdentity(token, pki.Issue({}), {.id = "\x02", .label = "good"});
    ERR_raise_data(ERR_LIB_USER, ERR_R_PASSED_NULL_PARAMETER, "left behind by other code");
    const Listing listing = List();
    ERR_clear_error();
    EXPECT_EQ(listing.identities.size(), 1u) << "the other one";
    ASSERT_EQ(listing.problems.size(), 1u);
    EXPECT_THAT(listing.problems[0].error.what(), HasSubstr(GetParam().said));
    EXPECT_THAT(listing.problems[0].error.what(), Not(HasSubstr("passed a null parameter")));
    Pkcs11Source source(settings());
    EXPECT_TRUE(Signs(*LoadKey(source, KeyUri()))) << kind;
  }
}

TEST_F(AwkwardObjects, AFillerBehindACertificateIsPassedOver) {
  for (const char filler : {'\0', '\xff', '0'}) {
    module.Clear();
    token = module.AddToken();
    const TestIdentity alice = pki.Issue({});
    module.AddIdentity(
        token, alice,
        {.certificate_changes = {{CKA_VALUE, Text(alice.certificate.der()) + std::string(700, filler)}}});
    const Listing listing = List();
    ASSERT_EQ(listing.identities.size(), 1u);
    EXPECT_EQ(listing.identities[0].chain().leaf(), alice.certificate);
    EXPECT_TRUE(Signs(*listing.identities[0].key()));
  }
}

// One call has one code for several attributes: what was too small is marked as what is not there.
TEST_F(AwkwardObjects, AValueTooLongForTheFirstCallIsReadAgainForEveryCode) {
  for (const unsigned long missing :
       {CKR_ATTRIBUTE_TYPE_INVALID, CKR_ATTRIBUTE_SENSITIVE, CKR_BUFFER_TOO_SMALL}) {
    for (const std::size_t filler : {9'000u, 70'000u, 300'000u}) {
      module.Clear();
      token = module.AddToken();
      module.Set({.missing_attribute = missing});
      const TestIdentity alice = pki.Issue({});
      module.AddIdentity(
          token, alice,
          {.certificate_changes = {{CKA_CERTIFICATE_TYPE, std::nullopt},
                                   {CKA_VALUE, Text(alice.certificate.der()) + std::string(filler, '\0')}}});
      EXPECT_EQ(List().identities.size(), 1u) << missing << " " << filler;
    }
  }
}

TEST_F(AwkwardObjects, IdsAndLabelsOfAnyLengthAreReadInOneCall) {
  const std::string id(1000, '\x07');
  const std::string label(3000, 'l');
  module.AddIdentity(token, pki.Issue({}), {.id = id, .label = label});
  module.ResetCalls();
  const Listing listing = List();
  EXPECT_EQ(module.Count("C_GetAttributeValue"), 3u);
  ASSERT_EQ(listing.identities.size(), 1u);
  Pkcs11Source source(settings());
  EXPECT_TRUE(Signs(*LoadKey(source, listing.identities[0].uri() + "?pin-value=1234")));
}

// Where another attribute is missing, the code is that one's.
TEST_F(AwkwardObjects, IdsAndLabelsBeyondTheFirstBufferAreRead) {
  for (const unsigned long missing :
       {CKR_ATTRIBUTE_TYPE_INVALID, CKR_ATTRIBUTE_SENSITIVE, CKR_BUFFER_TOO_SMALL}) {
    for (const std::size_t size : {4094u, 4095u, 4096u, 5000u, 70'000u}) {
      module.Clear();
      token = module.AddToken();
      module.Set({.missing_attribute = missing});
      const std::string id(size, '\x07');
      const std::string label(size + 1, 'l');
      module.AddIdentity(token, pki.Issue({}),
                         {.id = id,
                          .label = label,
                          .key_changes = {{CKA_ALLOWED_MECHANISMS, std::nullopt}},
                          .public_key_changes = {{CKA_ALLOWED_MECHANISMS, std::nullopt}},
                          .certificate_changes = {{CKA_CERTIFICATE_TYPE, std::nullopt}}});
      const Listing listing = List();
      ASSERT_EQ(listing.identities.size(), 1u) << missing << ' ' << size;
      std::string whole_id = ";id=";
      for (std::size_t i = 0; i < size; ++i) whole_id += "%07";
      EXPECT_TRUE(listing.identities[0].uri().ends_with(whole_id)) << missing << ' ' << size;
      Pkcs11Source source(settings());
      const std::string by_label =
          module.TokenUri(token) + ";object=" + label + ";type=private?pin-value=1234";
      EXPECT_TRUE(Signs(*LoadKey(source, by_label))) << missing << ' ' << size;
      EXPECT_TRUE(Signs(*listing.identities[0].key()));
    }
  }
}

TEST_F(AwkwardObjects, AllowedMechanismsOfAnyLengthAreKept) {
  std::vector<CK_MECHANISM_TYPE> many(3000, CKM_AES_CBC);
  many.push_back(CKM_RSA_PKCS_PSS);
  module.AddIdentity(token, pki.Issue({.key = "rsa:2048"}),
                     {.key_changes = {{CKA_ALLOWED_MECHANISMS, Mechanisms(many)}}});
  Pkcs11Source source(settings());
  const auto schemes = LoadKey(source, KeyUri())->schemes();
  EXPECT_THAT(schemes, ::testing::Contains(SignatureScheme::kRsaPssRsaeSha256));
  EXPECT_THAT(schemes, Not(::testing::Contains(SignatureScheme::kRsaPkcs1Sha256)));
}

TEST_F(AwkwardObjects, AnRsaKeyThatRevealsItsModulusAlonePairsByItAndSigns) {
  const MemoryChanges hidden = {{CKA_PUBLIC_EXPONENT, std::nullopt}, {CKA_PUBLIC_KEY_INFO, std::nullopt}};
  for (int i = 1; i <= 2; ++i) {
    const TestIdentity one = pki.Issue({.key = "rsa:2048", .common_name = std::to_string(i)});
    module.AddIdentity(
        token, one,
        {.id = "", .label = "", .certificate = false, .public_key = false, .key_changes = hidden});
    module.AddIdentity(
        token, one,
        {.id = std::string(1, static_cast<char>(i)), .label = "c", .key = false, .public_key = false});
  }
  const Listing listing = List();
  EXPECT_TRUE(listing.problems.empty());
  ASSERT_EQ(listing.identities.size(), 2u);
  for (const Identity& identity : listing.identities) EXPECT_TRUE(Signs(*identity.key()));
}

TEST_F(AwkwardObjects, AKeyOfAnotherCurveWithTheCertificatesIdIsAMismatch) {
  const TestIdentity alice = pki.Issue({.key = "ec:P-384"});
  module.AddIdentity(
      token, pki.Issue({.key = "ec:P-256"}),
      {.certificate = false, .public_key = false, .key_changes = {{CKA_PUBLIC_KEY_INFO, std::nullopt}}});
  module.AddIdentity(token, alice, {.key = false, .public_key = false});
  const Listing listing = List();
  EXPECT_TRUE(listing.identities.empty());
  ASSERT_EQ(listing.problems.size(), 1u);
  EXPECT_EQ(listing.problems[0].error.code(), ErrorCode::kKeyCertificateMismatch);
}

// Two keys share ID and reveal nothing; the labels of their public key objects tell them apart.
TEST_F(AwkwardObjects, HiddenKeysWithTheSameIdAreDistinguishedWhenUnlocked) {
  const MemoryChanges silent = {{CKA_PUBLIC_KEY_INFO, std::nullopt}};
  for (const char* name : {"a", "b", "c"}) {
    module.AddIdentity(token, pki.Issue({.common_name = name}),
                       {.id = "\x01", .label = name, .key_changes = silent});
  }
  Pkcs11Source source(settings());
  const auto prompt = std::make_shared<FixedPrompt>("1234");
  const Listing listing = source.List(module.TokenUri(token), prompt);
  ASSERT_EQ(listing.identities.size(), 3u);
  for (const Identity& identity : listing.identities) EXPECT_TRUE(Signs(*identity.key())) << identity.uri();
  EXPECT_EQ(List().identities.size(), 3u);
}

TEST_F(AwkwardObjects, TwoIndistinguishableHiddenKeysAreNotTried) {
  const MemoryChanges silent = {{CKA_PUBLIC_KEY_INFO, std::nullopt}};
  const TestIdentity alice = pki.Issue({});
  module.AddIdentity(token, alice, {.id = "", .label = "k", .public_key = false, .key_changes = silent});
  module.AddIdentity(
      token, pki.Issue({}),
      {.id = "", .label = "k", .certificate = false, .public_key = false, .key_changes = silent});
  Pkcs11Source source(settings());
  const auto prompt = std::make_shared<FixedPrompt>("1234");
  const Listing listing = source.List(module.TokenUri(token), prompt);
  ASSERT_EQ(listing.identities.size(), 1u);
  module.ResetCalls();
  EXPECT_EQ(CodeOf([&] { Signs(*listing.identities[0].key()); }), ErrorCode::kAmbiguous);
  EXPECT_EQ(module.Count("C_Sign"), 0u);
}

TEST_F(AwkwardObjects, ADamagedPublicKeyObjectDoesNotKeepACertificateFromItsKey) {
  module.AddIdentity(
      token, pki.Issue({}),
      {.key_changes = {{CKA_PUBLIC_KEY_INFO, std::nullopt}},
       .public_key_changes = {{CKA_EC_POINT, std::string(65, '\x04')}, {CKA_PUBLIC_KEY_INFO, std::nullopt}}});
  const Listing listing = List();
  ASSERT_EQ(listing.identities.size(), 1u);
  EXPECT_TRUE(Signs(*listing.identities[0].key()));
}

TEST_F(AwkwardObjects, ASearchThatNeverEndsIsAnErrorAndIsClosed) {
  module.AddIdentity(token, pki.Issue({}));
  module.Set({.find_repeats = true});
  module.Record(false);
  Pkcs11Source source(settings());
  module.ResetCalls();
  try {
    LoadKey(source, KeyUri());
    ADD_FAILURE() << "the search ended";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kTokenTrouble);
    EXPECT_THAT(error.what(), HasSubstr("does not end"));
  }
  EXPECT_EQ(module.Count("C_FindObjectsFinal"), module.Count("C_FindObjectsInit"));
  EXPECT_LE(module.Count("C_FindObjects"), 400'000u);
  module.Set({});
  EXPECT_TRUE(Signs(*LoadKey(source, KeyUri())));
}

TEST_F(AwkwardObjects, ManyKeysAreLoadedWithoutASearchForEach) {
  const MemoryChanges silent = {{CKA_PUBLIC_KEY_INFO, std::nullopt}};
  const TestIdentity alice = pki.Issue({});
  for (int i = 1; i <= 30; ++i) {
    module.AddIdentity(token, alice,
                       {.id = std::string(1, static_cast<char>(i)), .label = "same", .key_changes = silent});
  }
  Pkcs11Source source(settings());
  for (const char* rest : {";type=private", ";object=same;type=private"}) {
    const std::string uri = module.TokenUri(token) + rest + "?pin-value=1234";
    module.ResetCalls();
    const StoredObjects loaded = source.Load(uri, kWantPrivateKeys, nullptr);
    EXPECT_EQ(loaded.private_keys.size(), 30u);
    EXPECT_LE(module.Count("C_FindObjectsInit"), 6u) << rest;
    EXPECT_LE(module.Count("C_GetAttributeValue"), 120u) << rest;
  }
  module.ResetCalls();
  EXPECT_EQ(source.List(module.TokenUri(token) + ";object=same?pin-value=1234", nullptr).identities.size(),
            30u);
  EXPECT_LE(module.Count("C_FindObjectsInit"), 4u);
}

TEST_F(AwkwardObjects, EachObjectIsReadOnceForAChainOfThree) {
  const TestIdentity intermediate = pki.Intermediate("Issuing");
  module.AddIdentity(token, TestPki::IssueFrom(intermediate, {}), {});
  module.AddIdentity(token, intermediate, {.id = "", .label = "i", .key = false, .public_key = false});
  module.AddIdentity(token, pki.root(), {.id = "", .label = "r", .key = false, .public_key = false});
  module.ResetCalls();
  const Listing listing = List();
  ASSERT_EQ(listing.identities.size(), 1u);
  EXPECT_EQ(listing.identities[0].chain().certificates().size(), 3u);
  EXPECT_EQ(module.Count("C_GetAttributeValue"), 5u);
  EXPECT_EQ(module.Count("C_FindObjectsInit"), 3u);
}

}  // namespace
}  // namespace signet::testing

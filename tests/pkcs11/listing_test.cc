#include "pkcs11/module/cryptoki.h"
#include "pkcs11/world.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class Pkcs11List : public OnWrappedToken {
 protected:
  Listing List(bool with_pin = true, const std::shared_ptr<PinPrompt>& prompt = nullptr) {
    source = std::make_unique<Pkcs11Source>(settings());
    return source->List(hsm.TokenUri(with_pin), prompt);
  }
  static std::vector<ErrorCode> Codes(const Listing& listing) {
    std::vector<ErrorCode> codes;
    for (const Problem& problem : listing.problems) codes.push_back(problem.error.code());
    return codes;
  }

  std::unique_ptr<Pkcs11Source> source;
};

TEST_F(Pkcs11List, GivesIdentitiesWhoseUrisOpenThem) {
  hsm.Import(pki.Issue({.key = "rsa:2048", .common_name = "bob"}), {.id = "\x02", .label = "bob"});
  const Listing listing = List();
  EXPECT_THAT(listing.problems, IsEmpty());
  ASSERT_THAT(listing.identities, SizeIs(2));
  for (const Identity& identity : listing.identities) {
    EXPECT_EQ(identity.source(), Identity::Source::kPkcs11);
    EXPECT_FALSE(identity.key()->locked());
    // An RSA private key has the modulus, an EC one no point.
    EXPECT_EQ(identity.proven(), identity.key()->type() == KeyType::kRsa);
    EXPECT_TRUE(Signs(*identity.key()));
    EXPECT_TRUE(identity.proven());
    EXPECT_THAT(identity.uri(), HasSubstr("serial="));
    const Listing again = source->List(identity.uri() + "?pin-value=1234", nullptr);
    ASSERT_THAT(again.identities, SizeIs(1));
    EXPECT_EQ(again.identities[0].leaf(), identity.leaf());
    EXPECT_EQ(again.identities[0].uri(), identity.uri());
  }
}

TEST_F(Pkcs11List, WithoutAPinIdentitiesAreUnprovenUntilTheyAreUnlocked) {
  const auto prompt = std::make_shared<FixedPrompt>("1234");
  const Listing listing = List(false, prompt);
  EXPECT_EQ(module->Count("C_Login"), 0u);
  EXPECT_THAT(listing.problems, IsEmpty());
  ASSERT_THAT(listing.identities, SizeIs(1));
  PrivateKey& key = *listing.identities[0].key();
  EXPECT_TRUE(key.locked());
  EXPECT_FALSE(listing.identities[0].proven());
  EXPECT_THAT(key.schemes(), SizeIs(3));
  EXPECT_EQ(prompt->asked, 0);
  key.Unlock();
  EXPECT_FALSE(key.locked());
  EXPECT_TRUE(Signs(key));
  EXPECT_TRUE(listing.identities[0].proven());
  EXPECT_EQ(prompt->asked, 1);
}

TEST_F(Pkcs11List, AnUnprovenIdentityUnlocksItselfToSign) {
  const Listing listing = List(false, std::make_shared<FixedPrompt>("1234"));
  ASSERT_THAT(listing.identities, SizeIs(1));
  EXPECT_FALSE(listing.identities[0].proven());
  EXPECT_TRUE(Signs(*listing.identities[0].key()));
  EXPECT_TRUE(listing.identities[0].proven());
}

TEST_F(Pkcs11List, AnUnprovenIdentityWithAnotherKeyNeverSigns) {
  for (const char* kind : {"rsa:2048", "ec:P-256"}) {
    hsm.ImportKey(pki.Issue({.key = kind}), {.id = "\x07", .public_object = false});
    hsm.ImportCertificate(pki.Issue({.key = kind}).certificate, {.id = "\x07"});
    source = std::make_unique<Pkcs11Source>(settings());
    const Listing listing = source->List(hsm.ObjectUri("\x07"), std::make_shared<FixedPrompt>("1234"));
    ASSERT_THAT(listing.identities, SizeIs(1));
    EXPECT_EQ(CodeOf([&] { Signs(*listing.identities[0].key()); }), ErrorCode::kKeyCertificateMismatch)
        << kind;
    EXPECT_EQ(CodeOf([&] { Signs(*listing.identities[0].key()); }), ErrorCode::kKeyCertificateMismatch)
        << kind;
    hsm.Remove({.id = "\x07", .label = ""});
  }
}

TEST_F(Pkcs11List, AMismatchIsAProblemWhereItCanBeSeen) {
  for (const char* kind : {"rsa:2048", "ec:P-256"}) {
    hsm.ImportKey(pki.Issue({.key = kind}), {.id = "\x07"});
    hsm.ImportCertificate(pki.Issue({.key = kind}).certificate, {.id = "\x07"});
    const Listing listing = List();
    EXPECT_THAT(listing.identities, SizeIs(1));
    EXPECT_THAT(Codes(listing), ElementsAre(ErrorCode::kKeyCertificateMismatch)) << kind;
    hsm.Remove({.id = "\x07", .label = ""});
  }
}

TEST_F(Pkcs11List, SaysWhatLacksItsOtherHalf) {
  hsm.ImportCertificate(pki.Issue({}).certificate, {.id = "\x03", .label = "lone-certificate"});
  hsm.ImportKey(pki.Issue({}), {.id = "\x04", .label = "lone-key"});
  const Listing listing = List();
  EXPECT_THAT(listing.identities, SizeIs(1));
  EXPECT_THAT(Codes(listing), ElementsAre(ErrorCode::kCertificateOnly, ErrorCode::kKeyOnly));
  for (const Problem& problem : listing.problems) {
    EXPECT_THAT(problem.uri, HasSubstr("id=%0"));
    EXPECT_FALSE(problem.error.hint().empty());
  }
}

TEST_F(Pkcs11List, ChainsAreCompletedFromTheTokenWithoutListingIt) {
  const TestIdentity issuer = pki.Intermediate("Issuer");
  const TestIdentity carol = TestPki::IssueFrom(issuer, {.common_name = "carol"});
  hsm.Import(carol, {.id = "\x05"});
  hsm.ImportCertificate(issuer.certificate, {.id = "\x50", .label = "issuer"});
  hsm.ImportCertificate(pki.root().certificate, {.id = "\x51", .label = "root"});
  source = std::make_unique<Pkcs11Source>(settings());
  const Listing listing = source->List(hsm.ObjectUri("\x05", true), nullptr);
  ASSERT_THAT(listing.identities, SizeIs(1));
  EXPECT_THAT(listing.identities[0].chain().certificates(),
              ElementsAre(carol.certificate, issuer.certificate, pki.root().certificate));
  // The CA certificates are no identities, and no problem either.
  const Listing all = source->List(hsm.TokenUri(true), nullptr);
  EXPECT_THAT(all.identities, SizeIs(2));
  EXPECT_THAT(all.problems, IsEmpty());
  const Listing hidden = List(false);
  EXPECT_THAT(hidden.identities, SizeIs(2));
}

TEST_F(Pkcs11List, ChainsAreCompletedFromTheChainFile) {
  const TestIdentity issuer = pki.Intermediate("Issuer");
  const TestIdentity carol = TestPki::IssueFrom(issuer, {.common_name = "carol"});
  hsm.Import(carol, {.id = "\x05"});
  const TemporaryDirectory directory;
  Settings with_file = settings();
  with_file.chain_file = directory.Write("chain.pem", std::string_view(issuer.CertificatePem()));
  Pkcs11Source with_chain(with_file);
  const Listing listing = with_chain.List(hsm.ObjectUri("\x05", true), nullptr);
  ASSERT_THAT(listing.identities, SizeIs(1));
  EXPECT_THAT(listing.identities[0].chain().certificates(),
              ElementsAre(carol.certificate, issuer.certificate));
  // A store gives the same.
  const StoredObjects objects = with_chain.Load(hsm.ObjectUri("\x05", true), kWantAll, nullptr);
  EXPECT_THAT(objects.certificates, ElementsAre(carol.certificate, issuer.certificate));
  EXPECT_THAT(objects.problems, IsEmpty());
  EXPECT_THAT(with_chain.Load(hsm.TokenUri() + ";type=cert;id=%05", kWantAll, nullptr).certificates,
              ElementsAre(carol.certificate))
      << "a request for one gets one";
}

TEST_F(Pkcs11List, AnUnreadableChainFileIsAProblemInTheListing) {
  Settings with_file = settings();
  with_file.chain_file = "/nowhere/chain.pem";
  Pkcs11Source source_with_file(with_file);
  const Listing listing = source_with_file.List(Uri(), nullptr);
  EXPECT_THAT(listing.identities, SizeIs(1));
  EXPECT_THAT(listing.problems, SizeIs(1));
  const StoredObjects objects = source_with_file.Load(Uri(), kWantAll, nullptr);
  EXPECT_THAT(objects.certificates, SizeIs(1));
  ASSERT_THAT(objects.problems, SizeIs(1));
  EXPECT_THAT(objects.problems[0].error.what(), HasSubstr("/nowhere/chain.pem"));
}

TEST_F(Pkcs11List, ARenewedCertificateIsASeparateIdentity) {
  const TestIdentity renewed =
      pki.Certify(alice.certificate.subject_public_key_info(), {.common_name = "alice renewed"});
  hsm.ImportCertificate(renewed.certificate, {.label = "renewed"});
  const Listing listing = List();
  ASSERT_THAT(listing.identities, SizeIs(2));
  EXPECT_THAT(listing.problems, IsEmpty());
  for (const Identity& identity : listing.identities) {
    const Listing one = source->List(identity.uri() + "?pin-value=1234", nullptr);
    ASSERT_THAT(one.identities, SizeIs(1)) << identity.uri();
    EXPECT_EQ(one.identities[0].leaf(), identity.leaf());
    EXPECT_TRUE(Signs(*one.identities[0].key()));
  }
}

TEST_F(Pkcs11List, WhatIsNotThereIsSaid) {
  Pkcs11Source all(settings());
  EXPECT_THAT(Codes(all.List(hsm.ObjectUri("\x66", true), nullptr)), ElementsAre(ErrorCode::kNotFound));
  EXPECT_THAT(Codes(all.List("pkcs11:token=nowhere", nullptr)), ElementsAre(ErrorCode::kTokenAbsent));
  EXPECT_THAT(Codes(all.List("pkcs11:model=nothing", nullptr)), ElementsAre(ErrorCode::kNotFound));
  const StoredObjects objects = all.Load(hsm.ObjectUri("\x66", true), kWantAll, nullptr);
  ASSERT_THAT(objects.problems, SizeIs(1));
  EXPECT_EQ(objects.problems[0].error.code(), ErrorCode::kNotFound);
}

TEST_F(Pkcs11List, AnInvalidModuleIsAProblemWithADescription) {
  const TemporaryDirectory directory;
  for (const std::string& path : {directory.Write("text.so", std::string_view("no module")),
                                  std::string("/nowhere/module.so"), std::string("libz.so.1")}) {
    Settings wrong = settings();
    wrong.modules = {path};
    Pkcs11Source none(wrong);
    const Listing listing = none.List("pkcs11:", nullptr);
    ASSERT_THAT(Codes(listing), ElementsAre(ErrorCode::kModuleTrouble)) << path;
    EXPECT_THAT(listing.problems[0].error.what(), HasSubstr(path));
    // Beside one that works it does no harm.
    wrong.modules.push_back(module->path());
    Pkcs11Source both(wrong);
    EXPECT_THAT(both.List(Uri(), nullptr).identities, SizeIs(1));
    EXPECT_TRUE(Signs(*both.Load(Uri(), kWantPrivateKeys, nullptr).private_keys.at(0)));
  }
}

TEST_F(Pkcs11List, AModuleIsGivenTheInitArgsOfTheSettings) {
  Change([](ModuleBehaviour& b) { b.init_args = "slot=4"; });
  Settings with = settings();
  for (const auto& [arguments, identities] :
       std::vector<std::pair<const char*, std::size_t>>{{"", 0}, {"slot=5", 0}, {"slot=4", 1}}) {
    with.Set("pkcs11-module-init-args", arguments);
    const Listing listing = Pkcs11Source(with).List(Uri(), nullptr);
    EXPECT_EQ(listing.identities.size(), identities) << arguments;
    EXPECT_EQ(listing.problems.empty(), identities == 1) << arguments;
  }
}

TEST_F(Pkcs11List, AUrisModuleMustBeConfigured) {
  Pkcs11Source only(settings());
  const std::string uri = hsm.TokenUri() + ";id=%01?pin-value=1234&module-";
  EXPECT_THAT(only.List(uri + "path=" + module->path(), nullptr).identities, SizeIs(1));
  const TemporaryDirectory directory;
  const std::string stray = directory.Write("libstray.so", std::string_view("never loaded"));
  EXPECT_THAT(Codes(only.List(uri + "path=" + stray, nullptr)), ElementsAre(ErrorCode::kModuleTrouble));
  EXPECT_THAT(Codes(only.List(uri + "name=stray", nullptr)), ElementsAre(ErrorCode::kModuleTrouble));
}

using Pkcs11Load = OnWrappedToken;

TEST_F(Pkcs11Load, GivesWhatTheUriAndTheCallerAskFor) {
  Pkcs11Source source(settings());
  const StoredObjects all = source.Load(Uri(), kWantAll, nullptr);
  EXPECT_THAT(all.private_keys, SizeIs(1));
  EXPECT_THAT(all.public_keys, SizeIs(1));
  EXPECT_THAT(all.certificates, ElementsAre(alice.certificate));
  EXPECT_THAT(all.problems, IsEmpty());
  const StoredObjects certificate = source.Load(hsm.TokenUri() + ";type=cert;id=%01", kWantAll, nullptr);
  EXPECT_THAT(certificate.private_keys, IsEmpty());
  EXPECT_THAT(certificate.public_keys, IsEmpty());
  EXPECT_THAT(certificate.certificates, ElementsAre(alice.certificate));
  const StoredObjects public_key = source.Load(hsm.TokenUri() + ";type=public;object=key", kWantAll, nullptr);
  EXPECT_THAT(public_key.private_keys, IsEmpty());
  ASSERT_THAT(public_key.public_keys, SizeIs(1));
  EXPECT_THAT(public_key.certificates, IsEmpty());
  EXPECT_TRUE(
      std::ranges::equal(public_key.public_keys[0].spki(), alice.certificate.subject_public_key_info()));
}

TEST_F(Pkcs11Load, CertificatesNeedNoLogin) {
  Pkcs11Source source(settings());
  EXPECT_THAT(source.Load(Uri(false), kWantCertificates, nullptr).certificates, SizeIs(1));
  EXPECT_EQ(module->Count("C_Login"), 0u);
  // Asked for all, what can be had without the PIN is given, and the rest is a problem.
  const StoredObjects all = source.Load(Uri(false), kWantAll, nullptr);
  EXPECT_THAT(all.certificates, SizeIs(1));
  EXPECT_THAT(all.public_keys, SizeIs(1));
  ASSERT_THAT(all.problems, SizeIs(1));
  EXPECT_EQ(all.problems[0].error.code(), ErrorCode::kPinNeeded);
}

TEST_F(Pkcs11Load, AKeyNeedsNoCertificate) {
  hsm.Generate("ec:P-384", {.id = "\x08", .label = "fresh"});
  Pkcs11Source source(settings());
  EXPECT_TRUE(Signs(*LoadKey(source, hsm.ObjectUri("\x08", true))));
}

TEST_F(Pkcs11Load, AKeyIsAskedForOnlyOnTokensThatMayHaveIt) {
  hsm.AddToken({.label = "other", .pin = "4321"});
  Pkcs11Source source(settings());
  const auto prompt = std::make_shared<FixedPrompt>("1234");
  EXPECT_TRUE(Signs(*LoadKey(source, "pkcs11:id=%01;type=private", prompt)));
  EXPECT_EQ(prompt->asked, 1);
  EXPECT_EQ(prompt->last.name, "signet-test");
}

}  // namespace
}  // namespace signet::testing

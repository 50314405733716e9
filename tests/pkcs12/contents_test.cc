#include "pkcs12/ber.h"
#include "pkcs12/der.h"
#include "pkcs12/file_fixture.h"

#include <algorithm>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet {
namespace {

using ::testing::HasSubstr;
using testing::TestIdentity;
using testing::TestPki;

using Pkcs12Contents = FileFixture;

TEST_F(Pkcs12Contents, SingleIdentityIsNamedByTheFileAlone) {
  Write(pki_.Issue({}));
  EXPECT_EQ(One().uri(), Uri(""));
  EXPECT_EQ(One().source(), Identity::Source::kPkcs12);
}

TEST_F(Pkcs12Contents, ManyIdentitiesHaveUrisThatNameOneEach) {
  const std::vector<TestIdentity> three{pki_.Issue({.common_name = "a"}), pki_.Issue({.common_name = "b"}),
                                        pki_.Issue({.key = "rsa:2048", .common_name = "c"})};
  for (const bool local_key_id : {true, false}) {
    for (const char* name : {"same", ""}) {
      SCOPED_TRACE(fmt::format("{} {}", local_key_id, name));
      Write(testing::MakePkcs12(three, {.friendly_name = name, .local_key_id = local_key_id}));
      const Listing all = List();
      ASSERT_EQ(all.identities.size(), 3u);
      for (const Identity& identity : all.identities) {
        const Listing one = ListPkcs12(identity.uri() + "?pin-value=secret", settings_, nullptr);
        ASSERT_EQ(one.identities.size(), 1u) << identity.uri();
        EXPECT_EQ(one.identities[0].leaf(), identity.leaf());
        EXPECT_EQ(one.identities[0].uri(), identity.uri());
      }
    }
  }
}

TEST_F(Pkcs12Contents, IdentitiesOfOneNameAndNoIdAreNamedByTheCertificate) {
  const auto first = pki_.Issue({.common_name = "a"});
  const auto second = pki_.Issue({.common_name = "b"});
  Write(der::Pfx(der::Sequence({der::SafeContents(
      {der::KeyBag(first.private_key), der::KeyBag(second.private_key),
       der::CertificateBag(second.certificate), der::CertificateBag(first.certificate)})})));
  const Listing all = List("");
  ASSERT_EQ(all.identities.size(), 2u);
  EXPECT_EQ(all.identities[0].uri(), Uri(";sha256=" + first.certificate.sha256()));
  EXPECT_EQ(One(";sha256=" + second.certificate.sha256()).leaf(), second.certificate);
}

TEST_F(Pkcs12Contents, AttributesWithoutAMatchAreNotFoundAndTheErrorListsIdentities) {
  Write(pki_.Issue({}), {.friendly_name = "alice"});
  EXPECT_EQ(One(";friendly-name=alice?pin-value=secret").uri(), Uri(""));
  EXPECT_EQ(One(";local-key-id=01?pin-value=secret").uri(), Uri(""));
  const Listing none = List(";friendly-name=bob?pin-value=secret");
  EXPECT_TRUE(none.identities.empty());
  EXPECT_EQ(none.problems.at(0).error.code(), ErrorCode::kNotFound);
  EXPECT_THAT(none.problems.at(0).error.hint(), HasSubstr(Uri("")));
}

TEST_F(Pkcs12Contents, ChainIsLeafFirstForAnyOrder) {
  const auto middle = pki_.Intermediate("Middle");
  const auto lower = TestPki::IssueFrom(middle, testing::CertificateOptions::Ca("Lower"));
  const auto alice = TestPki::IssueFrom(lower, {});
  std::vector<Certificate> order{alice.certificate, lower.certificate, middle.certificate,
                                 pki_.root().certificate,
                                 pki_.Issue({.common_name = "stranger"}).certificate};
  std::ranges::sort(order, {}, &Certificate::sha256);
  do {
    der::Value bags = der::KeyBag(alice.private_key);
    for (const Certificate& certificate : order) {
      const der::Value bag = der::CertificateBag(certificate);
      bags.insert(bags.end(), bag.begin(), bag.end());
    }
    Write(der::Pfx(der::Sequence({der::SafeContents({bags})})));
    EXPECT_THAT(One("").chain().certificates(),
                ::testing::ElementsAre(alice.certificate, lower.certificate, middle.certificate,
                                       pki_.root().certificate));
  } while (std::ranges::next_permutation(order, {}, &Certificate::sha256).found);
}

TEST_F(Pkcs12Contents, ChainThatIsTooLongIsCutAndTheLimitIsSaid) {
  TestIdentity issuer = pki_.root();
  der::Value bags;
  for (int i = 0; i < 16; ++i) {
    const der::Value bag = der::CertificateBag(issuer.certificate);
    bags.insert(bags.end(), bag.begin(), bag.end());
    issuer = TestPki::IssueFrom(issuer, testing::CertificateOptions::Ca(fmt::format("CA {}", i)));
    const der::Value key = der::KeyBag(issuer.private_key);
    const der::Value leaf = der::CertificateBag(issuer.certificate);
    Write(der::Pfx(der::Sequence({der::SafeContents({key, bags, leaf})})));
    EXPECT_EQ(List("").problems.size(), i < 15 ? 0u : 1u) << i;
  }
  const Listing listing = List("");
  ASSERT_EQ(listing.identities.size(), 1u);
  EXPECT_EQ(listing.identities[0].chain().certificates().size(), 16u);
  ASSERT_EQ(listing.problems.size(), 1u);
  EXPECT_EQ(listing.problems[0].error.code(), ErrorCode::kTooCostly);
  EXPECT_THAT(listing.problems[0].error.detail(), HasSubstr("more than 16 certificates"));
}

TEST_F(Pkcs12Contents, ChainFileCompletesTheChain) {
  const auto middle = pki_.Intermediate("Middle");
  Write(TestPki::IssueFrom(middle, {}), {.with_issuers = false});
  EXPECT_EQ(One().chain().certificates().size(), 1u);
  settings_.chain_file = directory_.Write("chain.pem", middle.certificate.ToPem());
  EXPECT_EQ(One().chain().certificates().size(), 2u);
  settings_.chain_file = directory_.path() + "/none.pem";
  const Listing listing = List();
  EXPECT_EQ(listing.identities.size(), 1u);
  EXPECT_EQ(listing.problems.at(0).error.code(), ErrorCode::kUnreadable);
}

TEST_F(Pkcs12Contents, PairsByPublicKeyWhereIdsLieAndByIdWhereKeysRepeat) {
  const auto alice = pki_.Issue({});
  const auto bob = pki_.Issue({.common_name = "bob"});
  const auto id1 = der::LocalKeyId("1");
  const auto id2 = der::LocalKeyId("2");
  Write(der::Pfx(der::Sequence({der::SafeContents(
      {der::KeyBag(alice.private_key, id1), der::KeyBag(bob.private_key, id2),
       der::CertificateBag(alice.certificate, id2), der::CertificateBag(bob.certificate, id1)})})));
  EXPECT_EQ(List("").identities.size(), 2u);

  // A renewed certificate for the same key: each key bag goes with the certificate of its own ID.
  const auto renewed =
      pki_.Certify(alice.certificate.subject_public_key_info(), {.common_name = "alice again"});
  Write(der::Pfx(der::Sequence({der::SafeContents(
      {der::KeyBag(alice.private_key, id1), der::KeyBag(alice.private_key, id2),
       der::CertificateBag(renewed.certificate, id2), der::CertificateBag(alice.certificate, id1)})})));
  const Listing both = List("");
  ASSERT_EQ(both.identities.size(), 2u);
  EXPECT_EQ(both.identities[0].leaf(), alice.certificate);
  EXPECT_EQ(both.identities[1].leaf(), renewed.certificate);
}

TEST_F(Pkcs12Contents, SameKeyAndCertificateTwiceAreOneIdentity) {
  const auto alice = pki_.Issue({});
  Write(der::Pfx(der::Sequence({der::SafeContents(
      {der::KeyBag(alice.private_key), der::KeyBag(alice.private_key, der::LocalKeyId("x")),
       der::CertificateBag(alice.certificate), der::CertificateBag(alice.certificate)})})));
  EXPECT_EQ(One("").uri(), Uri(""));
}

TEST_F(Pkcs12Contents, LoadGivesACertificateAsOftenAsTheFileHasIt) {
  const auto a = pki_.Issue({.common_name = "a"});
  const auto b = pki_.Issue({.common_name = "b"});
  const der::Value root = der::CertificateBag(pki_.root().certificate);
  Write(der::Pfx(der::Sequence(
      {der::SafeContents({der::KeyBag(a.private_key), der::CertificateBag(a.certificate), root,
                          der::KeyBag(b.private_key), der::CertificateBag(b.certificate), root})})));
  EXPECT_THAT(
      LoadPkcs12(Uri(""), kWantAll, settings_, nullptr).certificates,
      ::testing::ElementsAre(a.certificate, pki_.root().certificate, b.certificate, pki_.root().certificate));
  for (const Identity& identity : List("").identities) EXPECT_EQ(identity.chain().certificates().size(), 2u);
}

TEST_F(Pkcs12Contents, KeyOnAnUnknownCurveIsUnsupportedAndTheCurveNamed) {
  for (const char* curve : {"1.2.250.1.223.101.256.1", "1.3.6.1.4.1.99999.7"}) {
    const der::Value key = der::Sequence({der::Integer(1), der::Octets(der::Value(32, 0x42))});
    const der::Value pkcs8 = der::Sequence(
        {der::Integer(0), der::Sequence({der::Oid("1.2.840.10045.2.1"), der::Oid(curve)}), der::Octets(key)});
    Write(der::Pfx(der::Sequence(
        {der::SafeContents({der::KeyBag(pkcs8), der::CertificateBag(pki_.Issue({}).certificate)})})));
    EXPECT_EQ(Problem("").code(), ErrorCode::kUnsupported);
    EXPECT_THAT(Problem("").detail(), HasSubstr(curve));
  }
  // A curve that OpenSSL has, with an invalid key: damage.
  const der::Value pkcs8 = der::Sequence(
      {der::Integer(0), der::Sequence({der::Oid("1.2.840.10045.2.1"), der::Oid("1.2.840.10045.3.1.7")}),
       der::Octets(der::Value{1, 2, 3})});
  Write(der::Pfx(der::Sequence({der::SafeContents({der::KeyBag(pkcs8)})})));
  EXPECT_EQ(Problem("").code(), ErrorCode::kMalformed);
}

// Fields gives the elements of a SEQUENCE.
std::vector<der::Value> Fields(Bytes sequence) {
  std::vector<der::Value> fields;
  for (BerReader reader = BerReader(sequence).Enter(BerTag::kSequence, "sequence"); !reader.done();) {
    const Bytes whole = reader.Next("field").whole;
    fields.emplace_back(whole.begin(), whole.end());
  }
  return fields;
}

// WithAlgorithm gives the certificate with another algorithm for its public key; its signature is wrong then.
Certificate WithAlgorithm(const Certificate& certificate, const char* oid) {
  const std::vector<der::Value> parts = Fields(certificate.der());
  std::vector<der::Value> tbs = Fields(parts[0]);
  der::Value& spki = tbs.at(6);
  spki = der::Sequence({der::Sequence({der::Oid(oid)}), Fields(spki).at(1)});
  der::Value joined;
  for (const der::Value& field : tbs) joined.insert(joined.end(), field.begin(), field.end());
  return Certificate::FromDer(der::Sequence({der::Sequence({joined}), parts[1], parts[2]}));
}

TEST_F(Pkcs12Contents, CertificateForEncryptionAloneMakesNoIdentity) {
  struct Row {
    const char *key, *oid, *name;
  };
  for (const Row& row :
       {Row{"rsa:2048", "1.2.840.113549.1.1.7", "RSAES-OAEP"}, Row{"ec:P-256", "1.3.132.1.12", "ECDH"}}) {
    SCOPED_TRACE(row.name);
    const auto alice = pki_.Issue({.key = row.key});
    const Certificate certified = WithAlgorithm(alice.certificate, row.oid);
    Write(der::Pfx(der::Sequence(
        {der::SafeContents({der::KeyBag(alice.private_key), der::CertificateBag(certified)})})));
    EXPECT_EQ(Problem("").code(), ErrorCode::kNoSigningKey);
    EXPECT_THAT(Problem("").detail(), HasSubstr(row.name));
    // The certificate of another key is still a mismatch.
    Write(der::Pfx(der::Sequence({der::SafeContents(
        {der::KeyBag(pki_.Issue({.key = row.key}).private_key), der::CertificateBag(certified)})})));
    EXPECT_EQ(Problem("").code(), ErrorCode::kKeyCertificateMismatch);
  }
}

TEST_F(Pkcs12Contents, KeyForEncryptionAloneIsNoSigningKeyInEveryOpenSsl) {
  for (const char* oid : {"1.2.840.113549.1.1.7", "1.3.132.1.12", "1.3.132.1.13"}) {
    const der::Value pkcs8 =
        der::Sequence({der::Integer(0), der::Sequence({der::Oid(oid)}), der::Octets(der::Value(64, 0x42))});
    Write(der::Pfx(der::Sequence({der::SafeContents({der::KeyBag(pkcs8)})})));
    EXPECT_EQ(Problem("").code(), ErrorCode::kNoSigningKey);
    EXPECT_THAT(Problem("").detail(), HasSubstr(oid));
  }
}

TEST_F(Pkcs12Contents, KeyWithAnothersCertificateIsAMismatch) {
  const auto alice = pki_.Issue({});
  const auto bob = pki_.Issue({.common_name = "bob"});
  const auto write = [&](const der::Value& key, const der::Value& certificate) {
    Write(der::Pfx(der::Sequence({der::SafeContents({key, certificate})})));
  };
  const auto id = der::LocalKeyId("1");
  write(der::KeyBag(alice.private_key, id), der::CertificateBag(bob.certificate, id));
  EXPECT_EQ(Problem("").code(), ErrorCode::kKeyCertificateMismatch);
  EXPECT_THAT(Problem("").detail(), HasSubstr("bob"));
  write(der::KeyBag(alice.private_key), der::CertificateBag(bob.certificate));
  EXPECT_EQ(Problem("").code(), ErrorCode::kKeyCertificateMismatch);
}

TEST_F(Pkcs12Contents, HalfAnIdentityIsCalledWhatItIs) {
  Write(pki_.Issue({}), {.with_certificate = false, .with_issuers = false});
  EXPECT_EQ(Problem().code(), ErrorCode::kKeyOnly);
  Write(pki_.Issue({}), {.with_key = false});
  EXPECT_EQ(Problem().code(), ErrorCode::kCertificateOnly);
  Write(der::Pfx(der::Sequence({})));
  EXPECT_EQ(Problem("").code(), ErrorCode::kCertificateOnly);
}

TEST_F(Pkcs12Contents, SecondKeyWithoutCertificateIsAProblemInTheListing) {
  const auto alice = pki_.Issue({});
  Write(der::Pfx(der::Sequence(
      {der::SafeContents({der::KeyBag(alice.private_key), der::CertificateBag(alice.certificate),
                          der::KeyBag(pki_.Issue({}).private_key)})})));
  const Listing listing = List("");
  EXPECT_EQ(listing.identities.size(), 1u);
  ASSERT_EQ(listing.problems.size(), 1u);
  EXPECT_EQ(listing.problems[0].error.code(), ErrorCode::kKeyOnly);
}

TEST_F(Pkcs12Contents, KeyThatCannotSignIsSaid) {
  // An X25519 PrivateKeyInfo (RFC 8410 section 7).
  der::Value raw(32, 0x42);
  const der::Value pkcs8 = der::Sequence(
      {der::Integer(0), der::Sequence({der::Oid("1.3.101.110")}), der::Octets(der::Octets(raw))});
  Write(der::Pfx(der::Sequence({der::SafeContents({der::KeyBag(pkcs8)})})));
  EXPECT_EQ(Problem("").code(), ErrorCode::kNoSigningKey);
  Write(der::Pfx(der::Sequence(
      {der::SafeContents({der::KeyBag(pkcs8), der::CertificateBag(pki_.Issue({}).certificate)})})));
  EXPECT_EQ(Problem("").code(), ErrorCode::kNoSigningKey);
}

// RFC 5958: version 2 of a key carries its public part behind it, with or without attributes between.
TEST_F(Pkcs12Contents, KeysThatCarryTheirPublicPartLoad) {
  for (const char* kind : {"ed25519", "ed448", "ec:P-256", "rsa:2048"}) {
    SCOPED_TRACE(kind);
    const auto alice = pki_.Issue({.key = kind});
    BerReader fields = BerReader(alice.private_key).Enter(BerTag::kSequence, "key");
    fields.Unsigned("version");
    const auto next = [&] {
      const Bytes whole = fields.Next("field").whole;
      return der::Value(whole.begin(), whole.end());
    };
    const der::Value algorithm = next();
    const der::Value key = next();
    const der::Value attributes =
        der::Context0({der::Sequence({der::Oid("1.2.840.113549.1.9.20"), der::Set({der::Octets(key)})})});
    for (const der::Value& between : {der::Value(), attributes}) {
      const der::Value pkcs8 =
          der::Sequence({der::Integer(1), algorithm, key, between, der::Tlv(0x81, {der::Value(33, 0x42)})});
      Write(der::Pfx(
          der::Sequence({der::SafeContents({der::KeyBag(pkcs8), der::CertificateBag(alice.certificate)})})));
      EXPECT_EQ(One("").leaf(), alice.certificate);
    }
  }
}

TEST_F(Pkcs12Contents, DsaIsShownWithoutSchemesAndUnfit) {
  Write(pki_.Issue({.key = "dsa:2048"}));
  const Identity dsa = One();
  EXPECT_TRUE(dsa.key()->schemes().empty());
  EXPECT_FALSE(dsa.FitForClientAuth(std::chrono::system_clock::now()).fit);
  EXPECT_EQ(Description(*dsa.key()), "DSA 2048 bit");
}

TEST_F(Pkcs12Contents, RsaKeyOfAPssCertificateIsAPssKey) {
  const auto rsa = pki_.Issue({.key = "rsa:2048"});
  // The same modulus under id-RSASSA-PSS (RFC 4055 section 1.2).
  BerReader spki(rsa.certificate.subject_public_key_info());
  BerReader parts = spki.Enter(BerTag::kSequence, "spki");
  parts.Next("algorithm");
  const Bytes bits = parts.Next("key").whole;
  const der::Value pss_spki = der::Sequence(
      {der::Sequence({der::Oid("1.2.840.113549.1.1.10")}), der::Value(bits.begin(), bits.end())});
  const auto certified = pki_.Certify(pss_spki, {.key = "rsa-pss:2048"});
  Write(der::Pfx(der::Sequence(
      {der::SafeContents({der::KeyBag(rsa.private_key), der::CertificateBag(certified.certificate)})})));
  EXPECT_EQ(One("").key()->type(), KeyType::kRsaPss);
}

TEST_F(Pkcs12Contents, EveryKindOfKeyLoads) {
  for (const char* kind :
       {"rsa:2048", "rsa-pss:2048", "ec:P-256", "ec:P-384", "ec:P-521", "ed25519", "ed448", "ml-dsa-65"}) {
    if (!TestPki::HasKeyType(kind)) continue;
    SCOPED_TRACE(kind);
    Write(pki_.Issue({.key = kind}));
    const Identity identity = One();
    EXPECT_TRUE(identity.FitForClientAuth(std::chrono::system_clock::now()).fit);
    EXPECT_FALSE(identity.key()->in_hardware());
  }
}

TEST_F(Pkcs12Contents, LoadReturnsRequestedObjectsUnpaired) {
  const auto alice = pki_.Issue({});
  Write(alice);
  const StoredObjects all = LoadPkcs12(Uri(), kWantAll, settings_, nullptr);
  EXPECT_EQ(all.private_keys.size(), 1u);
  EXPECT_EQ(all.public_keys.size(), 1u);
  EXPECT_THAT(all.certificates, ::testing::ElementsAre(alice.certificate, pki_.root().certificate));
  const StoredObjects certificates = LoadPkcs12(Uri(), kWantCertificates, settings_, nullptr);
  EXPECT_TRUE(certificates.private_keys.empty());
  EXPECT_TRUE(certificates.public_keys.empty());
  EXPECT_EQ(certificates.certificates.size(), 2u);
  Write(alice, {.with_key = false});
  EXPECT_EQ(LoadPkcs12(Uri(), kWantAll, settings_, nullptr).certificates.size(), 2u);
  EXPECT_EQ(LoadPkcs12(Uri("?pin-value=no"), kWantAll, settings_, nullptr).problems.size(), 1u);
}

TEST_F(Pkcs12Contents, LoadGivesOnlyWhatTheUriNames) {
  const auto a = pki_.Issue({.common_name = "a"});
  const auto b = pki_.Issue({.common_name = "b"});
  Write(testing::MakePkcs12({a, b}, {.friendly_name = "x"}));
  const StoredObjects second =
      LoadPkcs12(Uri(";friendly-name=x-2?pin-value=secret"), kWantAll, settings_, nullptr);
  EXPECT_EQ(second.private_keys.size(), 1u);
  EXPECT_THAT(second.certificates, ::testing::ElementsAre(b.certificate, pki_.root().certificate));
}

}  // namespace
}  // namespace signet

// What a file costs, counted by the limit that it just passes.
#include "pkcs12/der.h"
#include "pkcs12/file_fixture.h"
#include "pkcs12/scheme.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet {
namespace {

using ::testing::HasSubstr;

class Pkcs12Cost : public FileFixture {
 protected:
  // ExpectCost expects that the file needs exactly this number of iterations in total.
  void ExpectCost(std::uint64_t cost, const std::string& rest = "?pin-value=secret",
                  std::size_t identities = 1) {
    settings_.pkcs12_max_total_iterations = cost - 1;
    const Listing refused = List(rest);
    ASSERT_FALSE(refused.problems.empty());
    EXPECT_EQ(refused.problems.front().error.code(), ErrorCode::kTooCostly);
    settings_.pkcs12_max_total_iterations = cost;
    EXPECT_EQ(List(rest).identities.size(), identities);
    settings_ = {};
  }
};

TEST_F(Pkcs12Cost, IterationsAreAddedUpOverMacSafesAndKeys) {
  Write(pki_.Issue({}), {.iterations = 100});
  ExpectCost(300);
  // Two blocks of SHA-1 for the key and one for the IV, twice.
  Write(pki_.Issue({}),
        {.key_cipher = "PBE-SHA1-3DES", .certificate_cipher = "PBE-SHA1-3DES", .iterations = 100});
  ExpectCost(700);
}

TEST_F(Pkcs12Cost, OneDerivationHasASeparateLimit) {
  Write(pki_.Issue({}), {.iterations = 100});
  settings_.pkcs12_max_iterations = 100;
  One();
  settings_.pkcs12_max_iterations = 99;
  EXPECT_EQ(Problem().code(), ErrorCode::kTooCostly);
  EXPECT_THAT(Problem().hint(), HasSubstr("pkcs12-max-iterations"));
  settings_ = {};
  settings_.pkcs12_max_total_iterations = 299;
  EXPECT_THAT(Problem().hint(), HasSubstr("pkcs12-max-total-iterations"));
}

TEST_F(Pkcs12Cost, EveryPasswordAttemptIsCharged) {
  const testing::Pkcs12Options open{.key_cipher = "", .certificate_cipher = "", .iterations = 100};
  testing::Pkcs12Options empty = open;
  empty.password = "";
  Write(pki_.Issue({}), empty);
  ExpectCost(200, "");  // the absent one, then the empty one
  Write(pki_.Issue({}), open);
  ExpectCost(100);
  FixedPrompt prompt("secret");
  settings_.pkcs12_max_total_iterations = 300;
  EXPECT_EQ(List("", &prompt).identities.size(), 1u);
  settings_.pkcs12_max_total_iterations = 299;
  EXPECT_EQ(List("", &prompt).problems.at(0).error.code(), ErrorCode::kTooCostly);
}

TEST_F(Pkcs12Cost, OutputBlocksOfPbmac1AreCharged) {
  const auto alice = pki_.Issue({});
  const der::Value content = der::Sequence(
      {der::SafeContents({der::KeyBag(alice.private_key), der::CertificateBag(alice.certificate)})});
  Write(der::Pfx(content, der::Pbmac1(content, "secret", 1024, 10)));
  ExpectCost(320);  // 32 blocks of SHA-256
}

// Only what the URI names is decrypted: a MAC, one safe of certificates, and each key cost 100.
TEST_F(Pkcs12Cost, KeysThatTheUriDoesNotNameAreNotDecrypted) {
  Write(testing::MakePkcs12(
      {pki_.Issue({.common_name = "a"}), pki_.Issue({.common_name = "b"}), pki_.Issue({.common_name = "c"})},
      {.friendly_name = "x", .iterations = 100}));
  const Listing all = List();
  ASSERT_EQ(all.identities.size(), 3u);
  settings_.pkcs12_max_total_iterations = 499;
  EXPECT_EQ(Problem().code(), ErrorCode::kTooCostly);
  const std::string third = all.identities[2].leaf().sha256();
  for (const std::string& named : {std::string(";friendly-name=x-3"), ";sha256=" + third,
                                   all.identities[2].uri().substr(Uri("").size())}) {
    SCOPED_TRACE(named);
    ExpectCost(300, named + "?pin-value=secret");
    const Identity one = One(named + "?pin-value=secret");
    EXPECT_EQ(one.leaf().sha256(), third);
    EXPECT_EQ(one.uri(), all.identities[2].uri()) << "as it is listed";
    settings_ = {};
    EXPECT_EQ(LoadPkcs12(Uri(named + "?pin-value=secret"), kWantAll, settings_, nullptr).private_keys.size(),
              1u);
  }
  // Where none fits, all are looked at, and what there is is said.
  EXPECT_EQ(List(";friendly-name=y?pin-value=secret").problems.at(0).error.code(), ErrorCode::kNotFound);
  EXPECT_THAT(List(";friendly-name=y?pin-value=secret").problems.at(0).error.hint(),
              HasSubstr(all.identities[2].uri()));
}

// Attributes of a bag; an empty one is left out.
der::Value Attributes(std::string_view name, std::string_view id) {
  der::Value bmp;
  for (const char c : name) bmp.insert(bmp.end(), {0, static_cast<std::uint8_t>(c)});
  const der::Value friendly =
      der::Sequence({der::Oid("1.2.840.113549.1.9.20"), der::Set({der::Tlv(0x1e, {bmp})})});
  const der::Value key_id = der::Sequence(
      {der::Oid("1.2.840.113549.1.9.21"), der::Set({der::Octets(der::Value(id.begin(), id.end()))})});
  return der::Set({name.empty() ? der::Value() : friendly, id.empty() ? der::Value() : key_id});
}

class Pkcs12NamedKeys : public Pkcs12Cost {
 protected:
  // Each key of the file costs this much, and nothing else of it costs anything.
  static constexpr std::uint64_t kKey = 3;

  der::Value Key(const testing::TestIdentity& identity, std::string_view name, std::string_view id) const {
    const Scheme scheme{.name = "AES-128-CBC",
                        .cipher_oid = "2.16.840.1.101.3.4.1.2",
                        .cipher = "AES-128-CBC",
                        .key_size = 16,
                        .cipher_parameters = der::Octets(Iv(16))};
    return ShroudedKeyBag(scheme, identity.private_key, "secret", Attributes(name, id));
  }
  der::Value Leaf(const testing::TestIdentity& identity, std::string_view name, std::string_view id) const {
    return der::CertificateBag(identity.certificate, Attributes(name, id));
  }
  void WriteBags(std::initializer_list<der::Value> bags) {
    Write(der::Pfx(der::Sequence({der::SafeContents(bags)})));
  }

  testing::TestIdentity a_ = pki_.Issue({.common_name = "a"});
  testing::TestIdentity b_ = pki_.Issue({.common_name = "b"});
};

TEST_F(Pkcs12NamedKeys, TheCertificateOfTheSameIdNamesItsKey) {
  WriteBags({Key(a_, "", "1"), Key(b_, "", "2"), Leaf(a_, "x", "1"), Leaf(b_, "y", "2")});
  ExpectCost(2 * kKey, ";friendly-name=none?pin-value=secret", 0);
  ExpectCost(kKey, ";friendly-name=x?pin-value=secret");
  EXPECT_EQ(One(";friendly-name=y?pin-value=secret").leaf(), b_.certificate);
  ExpectCost(kKey, ";local-key-id=31?pin-value=secret");
  ExpectCost(kKey, ";sha256=" + b_.certificate.sha256() + "?pin-value=secret");
}

TEST_F(Pkcs12NamedKeys, ACertificateWithoutIdMayBelongToAnyKeyWithoutOne) {
  WriteBags({Key(a_, "", "1"), Key(b_, "other", ""), Leaf(a_, "y", "1"), Leaf(b_, "x", "")});
  ExpectCost(kKey, ";friendly-name=x?pin-value=secret");
  EXPECT_EQ(One(";friendly-name=x?pin-value=secret").leaf(), b_.certificate);
}

TEST_F(Pkcs12NamedKeys, AllAreDecryptedWhereTheIdsLie) {
  WriteBags({Key(a_, "", "1"), Key(b_, "", "2"), Leaf(a_, "x", "2"), Leaf(b_, "y", "1")});
  ExpectCost(2 * kKey, ";sha256=" + a_.certificate.sha256() + "?pin-value=secret");
  EXPECT_EQ(One(";sha256=" + a_.certificate.sha256() + "?pin-value=secret").leaf(), a_.certificate);
}

TEST_F(Pkcs12NamedKeys, AllAreDecryptedToExplainWhyOneIsNoIdentity) {
  WriteBags({Key(a_, "x", ""), Key(b_, "y", ""), Leaf(b_, "y", "")});
  const Listing listing = List(";friendly-name=x?pin-value=secret");
  ASSERT_EQ(listing.problems.size(), 1u);
  EXPECT_EQ(listing.problems[0].error.code(), ErrorCode::kKeyOnly) << "the certificate is the other key's";
}

TEST_F(Pkcs12NamedKeys, LockedKeysCountWhereAUriMustNameOne) {
  WriteBags({Key(a_, "x", "1"), Key(b_, "x", "2"), Leaf(a_, "", "1"), Leaf(b_, "", "2")});
  for (const Identity& listed : List().identities) {
    const std::string rest = listed.uri().substr(Uri("").size());
    EXPECT_THAT(rest, HasSubstr("local-key-id"));
    ExpectCost(kKey, rest + "?pin-value=secret");
    EXPECT_EQ(One(rest + "?pin-value=secret").uri(), listed.uri());
  }
}

}  // namespace
}  // namespace signet

// Every tie-break, both ways: two identities that fit.
#include "selection/small_pki.h"
#include <signet/identity_selector.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet::testing {
namespace {

using Code = Reason::Code;
using enum SignatureScheme;
using ::testing::HasSubstr;
using Role = CertificateRequest::Role;

constexpr double kMinute = 1.0 / 1440;

std::vector<std::uint8_t> Authority(const std::string& name) {
  const auto ca = CaCertificate(name).subject_der();
  return {ca.begin(), ca.end()};
}

// Row has the winner first. `why` is in the loser's reason.
struct Row {
  const char* name;
  Leaf winner;
  Leaf loser;
  CertificateRequest request = {};
  SelectionPolicy policy = {};
  const char* why = "";
};

const char* const kPurpose = "extended key usage";
const char* const kNearer = "nearer to its leaf";
const char* const kScheme = "signature scheme";
const char* const kToken = "token";
const char* const kLater = "issued later";
const char* const kLonger = "valid longer";
const char* const kShorter = "chain is shorter";
const char* const kHost = "has a better match for the host name";

std::vector<Row> Rows() {
  const auto host = [](const char* name) { return CertificateRequest{.role = Role::kServer, .host = name}; };
  const Leaf server = {.purposes = "serverAuth"};
  const auto named = [&](const char* names, double from = -10) {
    Leaf leaf = server;
    leaf.names = names;
    leaf.from = from;
    return leaf;
  };
  // clang-format off
  return {
      // The extended key usage names clientAuth; this criterion precedes all following ones.
      {"PurposeBeforeNone", {.purposes = "clientAuth"}, {.purposes = ""}, {}, {}, kPurpose},
      {"PurposeBeforeAny", {.purposes = "clientAuth"}, {.purposes = "anyExtendedKeyUsage"}, {}, {}, kPurpose},
      {"PurposeAmongMore", {.purposes = "emailProtection,clientAuth"}, {.purposes = ""}, {}, {}, kPurpose},
      {"AnyAndNoneAreEqual", {.purposes = "anyExtendedKeyUsage", .from = -1}, {.purposes = "", .from = -2}, {}, {}, kLater},
      {"NoneAndAnyAreEqual", {.purposes = "", .from = -1}, {.purposes = "anyExtendedKeyUsage", .from = -2}, {}, {}, kLater},
      {"PurposeBeforeAuthority", {.issuer = "A1", .purposes = "clientAuth"}, {.issuer = "A", .purposes = ""},
       {.authorities = {Authority("A")}}, {}, kPurpose},
      {"PurposeBeforeHardware", {.purposes = "clientAuth"}, {.purposes = "", .hardware = true}, {}, {}, kPurpose},
      {"PurposeBeforeScheme", {.key = "p384", .purposes = "clientAuth"}, {.key = "p256", .purposes = ""},
       {.schemes = {kEcdsaSecp256r1Sha256, kEcdsaSecp384r1Sha384}}, {}, kPurpose},
      {"PurposeBeforeDates", {.purposes = "clientAuth", .from = -9}, {.purposes = "", .from = -1}, {}, {}, kPurpose},
      {"ServersPurpose", {.purposes = "serverAuth"}, {.purposes = ""}, {.role = Role::kServer}, {}, kPurpose},
      {"ServersPurposeIsNotTheClients", {.purposes = "serverAuth"}, {.purposes = "clientAuth,anyExtendedKeyUsage"},
       {.role = Role::kServer}, {}, kPurpose},

      // The authority nearest the leaf.
      {"LeafsIssuerBeforeItsIssuer", {.issuer = "A"}, {.issuer = "A1"}, {.authorities = {Authority("A")}}, {}, kNearer},
      {"OneUpBeforeTwoUp", {.issuer = "A1"}, {.issuer = "A2"}, {.authorities = {Authority("A")}}, {}, kNearer},
      {"NearestOfSeveral", {.issuer = "A2"}, {.issuer = "B1"}, {.authorities = {Authority("B"), Authority("A2")}}, {}, kNearer},
      {"NearestOfSeveralTurned", {.issuer = "B1"}, {.issuer = "A2"}, {.authorities = {Authority("B1"), Authority("A")}}, {}, kNearer},
      {"OrderOfAuthoritiesIsNoPreference", {.issuer = "B", .from = -1}, {.issuer = "A", .from = -2},
       {.authorities = {Authority("A"), Authority("B")}}, {}, kLater},
      {"NoListNoDistance", {.issuer = "A2", .from = -1}, {.issuer = "A", .from = -2}, {}, {}, kLater},
      {"AuthorityBeforeScheme", {.key = "p384", .issuer = "A"}, {.key = "p256", .issuer = "A1"},
       {.authorities = {Authority("A")}, .schemes = {kEcdsaSecp256r1Sha256, kEcdsaSecp384r1Sha384}}, {}, kNearer},
      {"AuthorityBeforeHardware", {.issuer = "A"}, {.issuer = "A1", .hardware = true}, {.authorities = {Authority("A")}}, {}, kNearer},

      // The peer's order of schemes.
      {"P256First", {.key = "p256"}, {.key = "p384"}, {.schemes = {kEcdsaSecp256r1Sha256, kEcdsaSecp384r1Sha384}}, {}, kScheme},
      {"P384First", {.key = "p384"}, {.key = "p256"}, {.schemes = {kEcdsaSecp384r1Sha384, kEcdsaSecp256r1Sha256}}, {}, kScheme},
      {"RsaFirst", {.key = "rsa2048"}, {.key = "p256"}, {.schemes = {kRsaPssRsaeSha256, kEcdsaSecp256r1Sha256}}, {}, kScheme},
      {"RsaLast", {.key = "p256"}, {.key = "rsa2048"}, {.schemes = {kEcdsaSecp256r1Sha256, kRsaPssRsaeSha256}}, {}, kScheme},
      {"EdDsaFirst", {.key = "ed25519"}, {.key = "rsa2048"}, {.schemes = {kEd25519, kRsaPssRsaeSha256}}, {}, kScheme},
      {"Pkcs1FirstMeansNothingIn13", {.key = "p256"}, {.key = "rsa2048"},
       {.schemes = {kRsaPkcs1Sha256, kEcdsaSecp256r1Sha256, kRsaPssRsaeSha256}}, {}, kScheme},
      {"Pkcs1FirstIn12", {.key = "rsa2048"}, {.key = "p256"},
       {.protocol_version = 0x0303, .schemes = {kRsaPkcs1Sha256, kEcdsaSecp256r1Sha256, kRsaPssRsaeSha256}}, {}, kScheme},
      {"SameSchemeSameRank", {.key = "p256", .from = -1}, {.key = "p256/2", .from = -2}, {.schemes = {kEcdsaSecp256r1Sha256}}, {}, kLater},
      {"SchemeBeforeHardware", {.key = "p256"}, {.key = "p384", .hardware = true},
       {.schemes = {kEcdsaSecp256r1Sha256, kEcdsaSecp384r1Sha384}}, {}, kScheme},
      {"SchemeBeforeDates", {.key = "p256", .from = -9}, {.key = "p384", .from = -1},
       {.schemes = {kEcdsaSecp256r1Sha256, kEcdsaSecp384r1Sha384}}, {}, kScheme},

      // Hardware before file, unless the user says that it does not matter.
      {"HardwareBeforeFile", {.hardware = true}, {}, {}, {}, kToken},
      {"HardwareBeforeNewerFile", {.from = -9, .hardware = true}, {.from = -1}, {}, {}, kToken},
      {"HardwareDoesNotMatter", {.from = -1}, {.from = -9, .hardware = true}, {}, {.prefer_hardware = false}, kLater},
      {"HardwareDoesNotMatterEitherWay", {.from = -1, .hardware = true}, {.from = -9}, {}, {.prefer_hardware = false}, kLater},
      {"BothInHardware", {.from = -1, .hardware = true}, {.from = -2, .hardware = true}, {}, {}, kLater},

      // Dates.
      {"IssuedLater", {.from = -1}, {.from = -2}, {}, {}, kLater},
      {"IssuedAMinuteLater", {.from = -1 + kMinute}, {.from = -1}, {}, {}, kLater},
      {"IssuedLaterThoughEndingSooner", {.from = -1, .to = 10}, {.from = -2, .to = 500}, {}, {}, kLater},
      {"ValidLonger", {.to = 101}, {.to = 100}, {}, {}, kLonger},
      {"ValidAMinuteLonger", {.to = 100 + kMinute}, {.to = 100}, {}, {}, kLonger},
      {"ValidLongerThoughTheChainIsLonger", {.issuer = "A1", .to = 101}, {.issuer = "A", .to = 100}, {}, {}, kLonger},

      // The shortest chain.
      {"ShorterChain", {.issuer = "A"}, {.issuer = "A1"}, {}, {}, kShorter},
      {"ShorterLongChain", {.issuer = "A1"}, {.issuer = "A2"}, {}, {}, kShorter},
      {"ShorterForWantOfItsChain", {.issuer = "A1", .with_chain = false}, {.issuer = "A1"}, {}, {}, kShorter},

      // An identity that fits ranks before one that does not.
      {"ValidBeforeExpired", {.from = -9, .to = 1}, {.from = -1, .to = -kMinute * 6}, {}, {}, "expired"},
      {"FileBeforeMissingToken", {.from = -9}, {.from = -1, .hardware = true, .unavailable = ErrorCode::kTokenAbsent}, {}, {}, "not accessible"},
      {"AcceptedBeforeNearer", {.issuer = "B2"}, {.issuer = "A", .hardware = true}, {.authorities = {Authority("B")}}, {}, "accepts only"},

      // A server's own certificate, by the name that the client asked for.
      {"HostNamed", named("DNS:www.example.org"), named("DNS:mail.example.org", -1), host("www.example.org"), {}, kHost},
      {"HostNamedTurned", named("DNS:mail.example.org"), named("DNS:www.example.org", -1), host("mail.example.org"), {}, kHost},
      {"HostAmongMore", named("DNS:a.example.org,DNS:b.example.org"), named("DNS:c.example.org", -1), host("b.example.org"), {}, kHost},
      {"HostInOtherCase", named("DNS:WWW.example.org"), named("DNS:x.example.org", -1), host("www.EXAMPLE.org"), {}, kHost},
      {"HostWithDotAtTheEnd", named("DNS:www.example.org"), named("DNS:x.example.org", -1), host("www.example.org."), {}, kHost},
      {"WildcardBeforeNone", named("DNS:*.example.org"), named("DNS:other.test", -1), host("www.example.org"), {}, kHost},
      {"NameBeforeWildcard", named("DNS:www.example.org"), named("DNS:*.example.org", -1), host("www.example.org"), {}, kHost},
      {"NameBesideWildcard", named("DNS:*.example.org,DNS:www.example.org"), named("DNS:*.example.org", -1), host("www.example.org"), {}, kHost},
      {"WildcardIsOneLabel", named("DNS:other.test", -1), named("DNS:*.org"), host("www.example.org"), {}, kLater},
      {"WildcardIsNotTheDomainItself", named("DNS:other.test", -1), named("DNS:*.example.org"), host("example.org"), {}, kLater},
      {"NoHostNoDifference", named("DNS:a.example.org", -1), named("DNS:b.example.org"), host(""), {}, kLater},
      {"NobodyNamesIt", named("DNS:a.example.org", -1), named("DNS:b.example.org"), host("c.example.org"), {}, kLater},
      {"AddressIsNoName", named("DNS:a.example.org", -1), named("IP:192.0.2.1"), host("192.0.2.1"), {}, kLater},
      {"HostBeforePurpose", {.purposes = "", .names = "DNS:www.example.org"}, named("DNS:x.example.org"), host("www.example.org"), {}, kHost},
      {"ClientIgnoresTheHost", {.names = "DNS:a.example.org", .from = -1}, {.names = "DNS:www.example.org"},
       {.host = "www.example.org"}, {}, kLater},
  };
  // clang-format on
}

void ExpectWinner(const Row& row, const IdentitySet& set) {
  const Choice choice = Select(row.request, set, row.policy, Now());
  ASSERT_TRUE(choice);
  EXPECT_EQ(choice.identity()->uri(), "pkcs12:winner");
  const auto considered = choice.considered();
  ASSERT_EQ(considered.size(), 2U);
  EXPECT_TRUE(considered[0].chosen);
  EXPECT_EQ(considered[0].scheme, choice.scheme());
  EXPECT_EQ(considered[1].identity.uri(), "pkcs12:loser");
  ASSERT_EQ(considered[1].reasons.size(), 1U);
  EXPECT_THAT(considered[1].reasons[0].text, HasSubstr(row.why));
}

void ExpectSameForBothOrders(Row row) {
  row.winner.uri = "pkcs12:winner";
  row.loser.uri = "pkcs12:loser";
  const Identity winner = MakeIdentity(row.winner);
  const Identity loser = MakeIdentity(row.loser);
  ExpectWinner(row, IdentitySet({winner, loser}));
  ExpectWinner(row, IdentitySet({loser, winner}));
}

// The pinned identity is selected regardless of its rank.
void ExpectPinnedFirst(Row row) {
  row.winner.uri = "pkcs12:winner";
  row.loser.uri = "pkcs12:loser";
  const Identity loser = MakeIdentity(row.loser);
  const IdentitySet set({MakeIdentity(row.winner), loser});
  row.policy.pinned = row.loser.uri;
  const Choice by_uri = Select(row.request, set, row.policy, Now());
  row.policy.pinned = loser.leaf().sha256();
  const Choice by_fingerprint = Select(row.request, set, row.policy, Now());
  if (row.loser.unavailable) {
    EXPECT_EQ(by_uri.outcome(), Choice::Outcome::kPinnedUnusable);
    return;
  }
  ASSERT_TRUE(by_uri);
  EXPECT_EQ(by_uri.identity()->uri(), "pkcs12:loser");
  ASSERT_TRUE(by_fingerprint);
  EXPECT_EQ(by_fingerprint.identity()->uri(), "pkcs12:loser");
  EXPECT_EQ(by_uri.considered().back().reasons[0].code, Code::kNotPinned);
}

TEST(Ranking, EveryTieBreakIsIndependentOfTheOrderOfTheSet) {
  for (const Row& row : Rows()) {
    SCOPED_TRACE(row.name);
    ExpectSameForBothOrders(row);
  }
}

TEST(Ranking, PinnedGoesFirst) {
  for (const Row& row : Rows()) {
    SCOPED_TRACE(row.name);
    ExpectPinnedFirst(row);
  }
}

}  // namespace
}  // namespace signet::testing

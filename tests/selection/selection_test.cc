#include "selection/small_pki.h"
#include <signet/identity_selector.h>

#include <algorithm>
#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet::testing {
namespace {

using Code = Reason::Code;
using enum SignatureScheme;
using ::testing::HasSubstr;

std::vector<Code> Codes(const std::vector<Reason>& reasons) {
  std::vector<Code> codes;
  for (const Reason& reason : reasons) codes.push_back(reason.code);
  return codes;
}

std::vector<std::uint8_t> Authority(const std::string& name) {
  const auto ca = CaCertificate(name).subject_der();
  return {ca.begin(), ca.end()};
}

TEST(Selection, EmptySetIsAValue) {
  const Choice choice = Select({}, IdentitySet(), {}, Now());
  EXPECT_EQ(choice.outcome(), Choice::Outcome::kNothingFits);
  EXPECT_EQ(choice.identity(), nullptr);
  EXPECT_TRUE(choice.considered().empty());
  EXPECT_TRUE(choice.warnings().empty());
}

TEST(Selection, PinnedIdentityThatIsNotThereIsNotReplacedByAnother) {
  const Choice choice = Select({}, IdentitySet({MakeIdentity({})}), {.pinned = "pkcs12:bob"}, Now());
  EXPECT_EQ(choice.outcome(), Choice::Outcome::kPinnedUnusable);
  EXPECT_EQ(Codes(choice.considered()[0].reasons), std::vector{Code::kNotPinned});
}

TEST(Selection, PinnedExpiredIdentityIsSentWithAWarningThatNamesBothDates) {
  const Choice choice =
      Select({}, IdentitySet({MakeIdentity({.to = -1})}), {.pinned = "pkcs12:alice"}, Now());
  ASSERT_TRUE(choice);
  ASSERT_EQ(Codes(choice.warnings()), std::vector{Code::kExpired});
  EXPECT_THAT(choice.warnings()[0].text, HasSubstr("2030-06-14"));
  EXPECT_THAT(choice.warnings()[0].text, HasSubstr("2030-06-15"));
}

TEST(Selection, EveryFailureOfAnIdentityIsToldInTheOrderOfTheTests) {
  const Leaf leaf = {
      .key = "rsa2048", .key_usage = "keyEncipherment", .purposes = "serverAuth", .to = -1, .pss = false};
  const CertificateRequest request = {.authorities = {Authority("B")}};
  const Choice choice = Select(request, IdentitySet({MakeIdentity(leaf)}), {}, Now());
  EXPECT_EQ(Codes(choice.considered()[0].reasons),
            (std::vector{Code::kNoSchemeForVersion, Code::kAuthorities, Code::kKeyUsage,
                         Code::kExtendedKeyUsage, Code::kExpired}));
}

TEST(Selection, RefusedAuthorityNamesWhatTheServerAcceptsAndWhoIssuedOurs) {
  const CertificateRequest request = {
      .authorities = {Authority("B"), Authority("B1"), Authority("B2"), Authority("C"), Authority("D")}};
  const auto reasons =
      Select(request, IdentitySet({MakeIdentity({.issuer = "A1"})}), {}, Now()).considered()[0].reasons;
  EXPECT_EQ(reasons[0].text,
            "the server accepts only certificates from \"CN=CA B,O=Test CAs\", \"CN=CA B1,O=Test CAs\", "
            "\"CN=CA B2,O=Test CAs\" and 2 more; this one is from \"CN=CA A1,O=Test CAs\", certified by "
            "\"CN=CA A,O=Test CAs\", certified by \"CN=CA A,O=Test CAs\"");
}

TEST(Selection, MissingIntermediateIsNamedWhereItMayBeTheCause) {
  const CertificateRequest request = {.authorities = {Authority("A")}};
  const auto considered =
      Select(request, IdentitySet({MakeIdentity({.issuer = "A1", .with_chain = false})}), {}, Now())
          .considered();
  EXPECT_EQ(Codes(considered[0].reasons), (std::vector{Code::kAuthorities, Code::kIncompleteChain}));
  EXPECT_THAT(considered[0].reasons[1].text, HasSubstr("CN=CA A1,O=Test CAs is missing"));
}

TEST(Selection, ChainThatWasCutIsSaidToBeTooLongWhereItMayBeTheCause) {
  const CertificateRequest request = {.authorities = {Authority("A")}};
  const auto considered =
      Select(request, IdentitySet({MakeIdentity({.issuer = "A16"})}), {}, Now()).considered();
  EXPECT_EQ(Codes(considered[0].reasons), (std::vector{Code::kAuthorities, Code::kChainTooLong}));
  EXPECT_THAT(considered[0].reasons[1].text, HasSubstr("more than the maximum of 16 certificates"));
}

TEST(Selection, ChainIsCompletedFromTheSetsOtherCertificates) {
  const CertificateRequest request = {.authorities = {Authority("A")}};
  const IdentitySet set({MakeIdentity({.issuer = "A1", .with_chain = false})}, {CaCertificate("A1")});
  const Choice choice = Select(request, set, {}, Now());
  ASSERT_TRUE(choice);
  EXPECT_EQ(choice.identity()->chain().certificates().size(), 2U);
}

TEST(Selection, ChainSignatureThatThePeerDoesNotListIsSentWithAWarning) {
  const Leaf leaf = {.signature_hash = "SHA512"};
  const CertificateRequest request = {.schemes = {kEcdsaSecp256r1Sha256}};
  const Choice choice = Select(request, IdentitySet({MakeIdentity(leaf)}), {}, Now());
  ASSERT_TRUE(choice);
  ASSERT_EQ(Codes(choice.warnings()), std::vector{Code::kChainSignature});
  EXPECT_THAT(choice.warnings()[0].text, HasSubstr("ecdsa_secp521r1_sha512"));
}

TEST(Selection, SignatureAlgorithmsCertOverridesSignatureAlgorithmsForTheChain) {
  const IdentitySet set({MakeIdentity({.signature_hash = "SHA512"})});
  const CertificateRequest listed = {.schemes = {kEcdsaSecp256r1Sha256},
                                     .certificate_schemes = {kEcdsaSecp256r1Sha256, kEcdsaSecp521r1Sha512}};
  EXPECT_TRUE(Select(listed, set, {}, Now()).warnings().empty());
  const CertificateRequest other = {.schemes = {kEcdsaSecp256r1Sha256, kEcdsaSecp521r1Sha512},
                                    .certificate_schemes = {kRsaPkcs1Sha256}};
  EXPECT_EQ(Codes(Select(other, set, {}, Now()).warnings()), std::vector{Code::kChainSignature});
}

TEST(Selection, ExpiredIntermediateIsAWarning) {
  const Choice choice = Select({}, IdentitySet({MakeIdentity({.issuer = "A1", .ca_to = -1})}), {}, Now());
  ASSERT_TRUE(choice);
  EXPECT_EQ(Codes(choice.warnings()), (std::vector{Code::kChainExpired, Code::kChainExpired}));
}

TEST(Selection, ServerServesWhatItHasForANameThatNoCertificateBears) {
  const CertificateRequest request = {.role = CertificateRequest::Role::kServer, .host = "elsewhere.test"};
  const Leaf leaf = {.purposes = "serverAuth", .names = "DNS:here.test"};
  const Choice choice = Select(request, IdentitySet({MakeIdentity(leaf)}), {}, Now());
  ASSERT_TRUE(choice);
  EXPECT_EQ(Codes(choice.warnings()), std::vector{Code::kHostName});
}

TEST(Selection, InaccessibleKeyIsReplacedByTheNextInRank) {
  std::vector<Identity> identities;
  for (int i = 0; i < 5; ++i) {
    Leaf leaf = {.subject = std::to_string(i), .from = -1.0 - i};
    if (i < 3) leaf.unavailable = ErrorCode::kTokenAbsent;
    identities.push_back(MakeIdentity(leaf));
  }
  const Choice choice = Select({}, IdentitySet(identities), {}, Now());
  ASSERT_TRUE(choice);
  EXPECT_EQ(choice.identity()->uri(), "pkcs12:3");
}

TEST(Selection, RankingIsTheSameForEveryOrderOfTheSet) {
  std::vector<Identity> identities;
  for (int i = 0; i < 6; ++i)
    identities.push_back(MakeIdentity({.subject = std::to_string(i), .hardware = i % 2 == 0}));
  std::vector<std::string> first;
  for (int turn = 0; turn < 6; ++turn) {
    std::ranges::rotate(identities, identities.begin() + 1);
    std::vector<std::string> uris;
    for (const auto& entry : Select({}, IdentitySet(identities), {}, Now()).considered())
      uris.push_back(entry.identity.uri());
    if (first.empty()) first = uris;
    EXPECT_EQ(uris, first);
  }
}

TEST(Selection, ReasonOfTheChosenOneSaysWhatPutItFirst) {
  const IdentitySet set(
      {MakeIdentity({.subject = "file"}), MakeIdentity({.subject = "card", .hardware = true})});
  const auto considered = Select({}, set, {}, Now()).considered();
  EXPECT_EQ(considered[0].reasons[0].text,
            "of the 2 identities that fit it is preferred: its key is on a token");
}

TEST(Selection, EveryReasonIsOneSentenceWithoutFullStop) {
  const CertificateRequest request = {.authorities = {Authority("B")}, .oid_filters = {{.oid = "2.5.29.15"}}};
  const IdentitySet set(
      {MakeIdentity({.key = "brainpool", .key_usage = "", .purposes = "serverAuth", .from = 5}),
       MakeIdentity({.hardware = true, .unavailable = ErrorCode::kPinLocked})});
  for (const auto& entry : Select(request, set, {}, Now()).considered()) {
    for (const Reason& reason : entry.reasons) {
      EXPECT_FALSE(reason.text.empty());
      EXPECT_NE(reason.text.back(), '.');
      EXPECT_EQ(reason.text.find('\n'), std::string::npos);
    }
  }
}

// A chain with every certificate of `issuers` available, and their order turned by `turn`.
IdentitySet CrossSigned(const Leaf& leaf, std::vector<Certificate> issuers, std::size_t turn) {
  std::ranges::rotate(issuers, issuers.begin() + static_cast<std::ptrdiff_t>(turn % issuers.size()));
  const Identity bare = MakeIdentity(leaf);
  return IdentitySet({bare.WithChain(CertificateChain(bare.leaf(), issuers))});
}

std::vector<std::string> Subjects(const Choice& choice) {
  std::vector<std::string> subjects;
  for (const Certificate& certificate : choice.identity()->chain().certificates())
    subjects.push_back(certificate.subject());
  return subjects;
}

TEST(Selection, PathThatTheServerAcceptsIsTakenWhereTheIntermediateIsCrossSigned) {
  const std::vector<Certificate> issuers = {CaCertificate("A1"), CrossCertificate("A1", "B"),
                                            CaCertificate("A"), CaCertificate("B")};
  for (std::size_t turn = 0; turn < issuers.size(); ++turn) {
    const IdentitySet set = CrossSigned({.issuer = "A1", .with_chain = false}, issuers, turn);
    for (const std::string root : {"A", "B"}) {
      const Choice choice = Select({.authorities = {Authority(root)}}, set, {}, Now());
      ASSERT_TRUE(choice) << root << turn;
      EXPECT_EQ(Subjects(choice), (std::vector<std::string>{"CN=alice", "CN=CA A1,O=Test CAs",
                                                            "CN=CA " + root + ",O=Test CAs"}));
      EXPECT_EQ(choice.considered()[0].identity.chain().certificates(),
                choice.identity()->chain().certificates());
    }
    EXPECT_FALSE(Select({.authorities = {Authority("C")}}, set, {}, Now()));
  }
}

TEST(Selection, PathOverAnExpiredIssuerGivesWayToAnother) {
  const std::vector<Certificate> issuers = {CrossCertificate("A1", "A", -1), CrossCertificate("A1", "B", 5),
                                            CaCertificate("A"), CaCertificate("B")};
  for (std::size_t turn = 0; turn < issuers.size(); ++turn) {
    const Choice choice =
        Select({}, CrossSigned({.issuer = "A1", .with_chain = false}, issuers, turn), {}, Now());
    ASSERT_TRUE(choice);
    EXPECT_EQ(Subjects(choice).back(), "CN=CA B,O=Test CAs");
    EXPECT_TRUE(choice.warnings().empty());
  }
}

TEST(Selection, PathOverACertificateThatTheStackRefusesGivesWayToAnother) {
  const Certificate weak = CaCertificate("A1");
  const std::vector<Certificate> issuers = {weak, CrossCertificate("A1", "B"), CaCertificate("A"),
                                            CaCertificate("B")};
  SelectionPolicy policy;
  policy.stack_refusal = [&](const Certificate& certificate, bool) -> std::optional<Reason> {
    if (certificate != weak) return std::nullopt;
    return Reason{Code::kSignatureTooWeak, "weak"};
  };
  for (std::size_t turn = 0; turn < issuers.size(); ++turn) {
    const IdentitySet set = CrossSigned({.issuer = "A1", .with_chain = false}, issuers, turn);
    const Choice choice = Select({}, set, policy, Now());
    ASSERT_TRUE(choice);
    EXPECT_EQ(Subjects(choice).back(), "CN=CA B,O=Test CAs");
    // The only way to this authority is the refused one.
    const Choice none = Select({.authorities = {Authority("A")}}, set, policy, Now());
    EXPECT_FALSE(none);
    EXPECT_EQ(Codes(none.considered()[0].reasons), std::vector{Code::kSignatureTooWeak});
  }
}

TEST(Selection, CasThatCertifyEachOtherMakeNoEndlessPaths) {
  std::vector<Certificate> issuers;
  const std::string names[] = {"A", "B", "C", "D", "E", "F", "G", "H"};
  for (const auto& subject : names) {
    for (const auto& issuer : names) {
      if (subject != issuer) issuers.push_back(CrossCertificate(subject, issuer));
    }
  }
  const auto start = std::chrono::steady_clock::now();
  const IdentitySet set = CrossSigned({.issuer = "A", .with_chain = false}, issuers, 0);
  EXPECT_TRUE(Select({.authorities = {Authority("A")}}, set, {}, Now()));
  EXPECT_LE(set.identities()[0].chain().paths().size(), 32U);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

TEST(Selection, HostileAuthoritiesTakeBoundedTime) {
  CertificateRequest request;
  for (int i = 0; i < 16'000; ++i) {
    request.authorities.push_back(NameDer({{"CN", "CA " + std::to_string(i)}}));
    request.authorities.push_back({0x30, 0x00});
  }
  request.authorities.push_back(NameDer(std::vector<NamePart>(2'000, {"OU", std::string(60, ' ') + "x"})));
  std::vector<Identity> identities;
  for (int i = 0; i < 50; ++i)
    identities.push_back(MakeIdentity({.subject = std::to_string(i), .issuer = "A2"}));
  const auto start = std::chrono::steady_clock::now();
  EXPECT_FALSE(Select(request, IdentitySet(identities), {}, Now()));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
}

}  // namespace
}  // namespace signet::testing

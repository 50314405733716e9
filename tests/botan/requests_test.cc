#include "botan/requests.h"

#include "botan/inspector/channel.h"
#include <signet/testing/test_pki.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet::botan {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Botan::X509_DN NameOf(const Certificate& certificate) {
  return Botan::X509_Certificate(certificate.der().data(), certificate.der().size()).subject_dn();
}

TEST(Requests, AuthoritiesKeepTheirBytes) {
  const testing::TestPki pki;
  const auto der = pki.root().certificate.subject_der();
  EXPECT_THAT(AuthoritiesOf({NameOf(pki.root().certificate)}),
              ElementsAre(ByteVector(der.begin(), der.end())));
}

TEST(Requests, CertificateTypesAreTheCodesOfTls12) {
  PeerWish wish;
  wish.certificate_types = {"RSA", "ECDSA", "DSA", "something else"};
  EXPECT_THAT(RequestOf(wish).certificate_types, ElementsAre(1, 64, 2));
}

TEST(Requests, OidFiltersAreRead) {
  PeerWish wish;
  wish.version = 0x0304;
  // 2.5.29.37 (extended key usage) with clientAuth, then 2.5.29.15 without a value.
  wish.oid_filters = {0,    26,   5,    0x06, 0x03, 0x55, 0x1d, 0x25, 0,    12,
                      0x30, 0x0a, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07,
                      0x03, 0x02, 5,    0x06, 0x03, 0x55, 0x1d, 0x0f, 0,    0};
  wish.oid_filters[1] = static_cast<std::uint8_t>(wish.oid_filters.size() - 2);
  const auto filters = RequestOf(wish).oid_filters;
  ASSERT_EQ(filters.size(), 2U);
  EXPECT_EQ(filters[0].oid, "2.5.29.37");
  EXPECT_EQ(filters[0].values.size(), 12U);
  EXPECT_EQ(filters[1].oid, "2.5.29.15");
  EXPECT_THAT(filters[1].values, IsEmpty());
}

TEST(Requests, MalformedOidFiltersEndTheList) {
  PeerWish wish;
  for (const ByteVector& bytes :
       std::vector<ByteVector>{{0}, {0, 9}, {0, 2, 5, 6}, {0, 4, 1, 0xff, 0, 0}, {0, 3, 5, 6, 3}}) {
    wish.oid_filters = bytes;
    EXPECT_THAT(RequestOf(wish).oid_filters, IsEmpty());
  }
}

TEST(Requests, InferredRequestHasTheDataFromBotan) {
  const Strings types = {"RSA"};
  const std::string type = "tls-client", host = "localhost";
  Question question{types, {}, type, host};
  CertificateRequest request = GuessedRequest(CertificateRequest::Role::kClient, question);
  EXPECT_EQ(request.protocol_version, 0x0303);
  EXPECT_EQ(request.certificate_types, ByteVector{1});
  EXPECT_THAT(request.schemes, IsEmpty());
  EXPECT_EQ(request.host, "localhost");
  question.version = 0x0304;
  question.schemes = {SignatureScheme::kRsaPssRsaeSha256};
  request = GuessedRequest(CertificateRequest::Role::kClient, question);
  EXPECT_EQ(request.protocol_version, 0x0304);
  EXPECT_THAT(request.certificate_types, IsEmpty());
  EXPECT_THAT(request.schemes, ElementsAre(SignatureScheme::kRsaPssRsaeSha256));
}

#if SIGNET_BOTAN_3
TEST(Requests, VersionFollowsFromHowBotanAsks) {
  struct Row {
    Strings key_types;
    bool algorithms;
    const char* type;
    bool tls12, tls13;
    std::uint16_t version;
  };
  const Row rows[] = {
      {{"RSA", "ECDSA"}, false, "tls-client", true, true, 0x0303},
      {{"RSA", "ECDSA"}, true, "tls-client", true, true, 0x0304},
      {{"RSA"}, true, "tls-client", true, true, 0x0304},
      {{"RSA"}, true, "tls-server", true, true, 0x0303},
      {{"RSA"}, true, "tls-server", false, true, 0x0304},
      {{"RSA", "RSA"}, true, "tls-server", true, true, 0x0304},
      {{"RSA", "RSA"}, true, "tls-server", true, false, 0x0303},
  };
  const std::string host = "localhost";
  const Names none;
  for (const Row& row : rows) {
    std::vector<Botan::AlgorithmIdentifier> algorithms;
    std::vector<SignatureScheme> schemes;
    for (const std::string& key_type : row.key_types) {
      const auto scheme =
          key_type == "RSA" ? SignatureScheme::kRsaPssRsaeSha256 : SignatureScheme::kEcdsaSecp384r1Sha384;
      if (row.version == 0x0304) schemes.push_back(scheme);
      if (row.algorithms) algorithms.push_back(SchemeOf(scheme).algorithm_identifier());
    }
    const std::string type = row.type;
    const Question question =
        QuestionOf(row.key_types, algorithms, none, type, host, ChannelPolicy(row.tls12, row.tls13));
    EXPECT_EQ(question.version, row.version) << &row - rows;
    EXPECT_EQ(question.schemes, schemes) << &row - rows;
  }
}

TEST(Requests, SchemesForCertificatesCountWhereTheyAreThoseForKeys) {
  using enum SignatureScheme;
  std::vector<Botan::AlgorithmIdentifier> algorithms = {Botan::AlgorithmIdentifier()};  // one that it has not
  for (const SignatureScheme scheme : {kRsaPkcs1Sha256, kEcdsaSecp256r1Sha256})
    algorithms.push_back(SchemeOf(scheme).algorithm_identifier());
  // TLS 1.3 has no keys for PKCS#1 v1.5.
  EXPECT_THAT(SchemesBehind({"ECDSA"}, algorithms), ElementsAre(kRsaPkcs1Sha256, kEcdsaSecp256r1Sha256));
  // The peer has others for keys: what it said of certificates is about another thing.
  EXPECT_THAT(SchemesBehind({"RSA", "ECDSA"}, algorithms), IsEmpty());
  EXPECT_THAT(SchemesBehind({"RSA"}, algorithms), IsEmpty());
}
#endif

}  // namespace
}  // namespace signet::botan

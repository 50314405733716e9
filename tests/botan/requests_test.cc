#include "botan/requests.h"

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

TEST(Requests, GuessGoesByThePolicysNewestVersion) {
  const Botan::TLS::Policy policy;
  const CertificateRequest request =
      GuessedRequest(CertificateRequest::Role::kClient, {"RSA"}, {}, "localhost", policy);
  EXPECT_EQ(request.protocol_version, SIGNET_BOTAN_3 ? 0x0304 : 0x0303);
  EXPECT_EQ(request.certificate_types, SIGNET_BOTAN_3 ? ByteVector{} : ByteVector{1});
  EXPECT_THAT(request.schemes, IsEmpty());
  EXPECT_EQ(request.host, "localhost");
}

}  // namespace
}  // namespace signet::botan

#include "base/hex.h"
#include "identity/hashes.h"
#include <signet/certificate.h>
#include <signet/error.h>
#include <signet/testing/test_pki.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet {
namespace {

using testing::CertificateOptions;
using testing::TestPki;

Certificate Issued(const CertificateOptions& options) {
  static const TestPki pki;
  return pki.Issue(options).certificate;
}

TEST(Certificate, NamesItsSubject) {
  const Certificate alice = Issued({.common_name = "Łucja, \"L\"", .organization = "Signet Test"});
  EXPECT_THAT(alice.subject(), ::testing::HasSubstr("CN=Łucja\\, \\\"L\\\""));
  EXPECT_THAT(alice.subject(), ::testing::HasSubstr("O=Signet Test"));
  EXPECT_THAT(alice.issuer(), ::testing::HasSubstr("CN=Test Root"));
  EXPECT_FALSE(alice.self_signed());
  EXPECT_FALSE(alice.is_ca());
  EXPECT_EQ(alice.sha256(), HexEncode(Digest(Hash::kSha256, alice.der())));
  EXPECT_LT(alice.not_before(), std::chrono::system_clock::now());
  EXPECT_GT(alice.not_after(), std::chrono::system_clock::now());
}

TEST(Certificate, RootIsACaThatIssuedItself) {
  const TestPki pki;
  EXPECT_TRUE(pki.root().certificate.is_ca());
  EXPECT_TRUE(pki.root().certificate.self_signed());
}

TEST(Certificate, UserNameIsUpnThenEmailThenCommonName) {
  EXPECT_EQ(Issued({.common_name = "alice", .emails = {"a@example.org"}, .upns = {"alice@corp"}}).user_name(),
            "alice@corp");
  EXPECT_EQ(Issued({.common_name = "alice", .emails = {"a@example.org", "b@example.org"}}).user_name(),
            "a@example.org");
  EXPECT_EQ(Issued({.common_name = "alice", .dns_names = {"host"}}).user_name(), "alice");
  EXPECT_EQ(Issued({.common_name = "", .organization = "Only"}).user_name(), "");
}

TEST(Certificate, PemAndDerComeBack) {
  const Certificate a = Issued({.common_name = "a"});
  const Certificate b = Issued({.common_name = "b"});
  EXPECT_EQ(Certificate::FromDer(a.der()), a);
  EXPECT_NE(a, b);
  EXPECT_THAT(Certificate::FromPem("text before\n" + a.ToPem() + "between\n" + b.ToPem()),
              ::testing::ElementsAre(a, b));
}

TEST(Certificate, InvalidDataIsMalformed) {
  const Certificate a = Issued({});
  std::vector<std::uint8_t> longer(a.der().begin(), a.der().end());
  longer.push_back(0);
  const auto code = [](auto read) {
    try {
      read();
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::kInternal;
  };
  EXPECT_EQ(code([&] { Certificate::FromDer(longer); }), ErrorCode::kMalformed);
  EXPECT_EQ(code([&] { Certificate::FromDer(a.der().first(a.der().size() - 1)); }), ErrorCode::kMalformed);
  EXPECT_EQ(code([] { Certificate::FromDer({}); }), ErrorCode::kMalformed);
  EXPECT_EQ(code([] { Certificate::FromPem("no certificate"); }), ErrorCode::kMalformed);
  EXPECT_EQ(
      code([] { Certificate::FromPem("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"); }),
      ErrorCode::kMalformed);
}

}  // namespace
}  // namespace signet

#include "handshake/alerts.h"

#include <set>

#include <gmock/gmock.h>
#include <openssl/ssl.h>

namespace signet {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(Alerts, EveryAlertOfTlsHasATextAndAHint) {
  for (const int code : {SSL_AD_UNEXPECTED_MESSAGE,
                         SSL_AD_BAD_RECORD_MAC,
                         SSL_AD_RECORD_OVERFLOW,
                         SSL_AD_HANDSHAKE_FAILURE,
                         SSL_AD_BAD_CERTIFICATE,
                         SSL_AD_UNSUPPORTED_CERTIFICATE,
                         SSL_AD_CERTIFICATE_REVOKED,
                         SSL_AD_CERTIFICATE_EXPIRED,
                         SSL_AD_CERTIFICATE_UNKNOWN,
                         SSL_AD_ILLEGAL_PARAMETER,
                         SSL_AD_UNKNOWN_CA,
                         SSL_AD_ACCESS_DENIED,
                         SSL_AD_DECODE_ERROR,
                         SSL_AD_DECRYPT_ERROR,
                         SSL_AD_PROTOCOL_VERSION,
                         SSL_AD_INSUFFICIENT_SECURITY,
                         SSL_AD_INTERNAL_ERROR,
                         SSL_AD_INAPPROPRIATE_FALLBACK,
                         SSL_AD_USER_CANCELLED,
                         SSL_AD_NO_RENEGOTIATION,
                         TLS13_AD_MISSING_EXTENSION,
                         SSL_AD_UNSUPPORTED_EXTENSION,
                         SSL_AD_UNRECOGNIZED_NAME,
                         SSL_AD_BAD_CERTIFICATE_STATUS_RESPONSE,
                         SSL_AD_UNKNOWN_PSK_IDENTITY,
                         TLS13_AD_CERTIFICATE_REQUIRED,
                         SSL_AD_NO_APPLICATION_PROTOCOL}) {
    const Error error = AlertError(static_cast<std::uint8_t>(code), true);
    EXPECT_THAT(error.detail(), Not(HasSubstr("alert " + std::to_string(code)))) << code;
    EXPECT_FALSE(error.hint().empty()) << code;
  }
}

TEST(Alerts, EachCodeOccursOnce) {
  std::set<int> codes;
  for (const AlertRow& row : Alerts()) EXPECT_TRUE(codes.insert(row.code).second) << row.name;
  EXPECT_GT(codes.size(), 20u);
}

TEST(Alerts, AnUnknownAlertKeepsItsNumber) {
  EXPECT_EQ(AlertName(77), "alert 77");
  EXPECT_THAT(AlertError(77, true).what(), HasSubstr("alert 77"));
}

TEST(Alerts, UnknownCaNamesCauseAndHint) {
  EXPECT_THAT(AlertError(SSL_AD_UNKNOWN_CA, true).what(),
              AllOf(HasSubstr("does not know the CA"), HasSubstr("unknown_ca"), HasSubstr("chain-file")));
}

TEST(Alerts, HandshakeFailureWithoutACertificateIsReportedAsSuch) {
  EXPECT_THAT(AlertError(SSL_AD_HANDSHAKE_FAILURE, false).what(), HasSubstr("got none"));
  EXPECT_THAT(AlertError(SSL_AD_HANDSHAKE_FAILURE, true).what(), Not(HasSubstr("got none")));
}

}  // namespace
}  // namespace signet

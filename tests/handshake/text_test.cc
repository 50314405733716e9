#include "identity/signature_schemes.h"
#include "inspector/exchange.h"
#include "inspector/names.h"

#include <gmock/gmock.h>

namespace signet {
namespace {

using ::testing::HasSubstr;

TEST(Response, ItsFirstLineIsShortAndPrintable) {
  EXPECT_EQ(FirstLine("HTTP/1.1 200 OK\r\nA: b\r\n"), "HTTP/1.1 200 OK");
  EXPECT_EQ(FirstLine("\x1b[31mred\x07\n"), "[31mred");
  EXPECT_EQ(FirstLine(std::string(5000, 'a')).size(), 200u);
  EXPECT_EQ(FirstLine(""), "");
}

TEST(Response, IsCompleteWithAllItsBytes) {
  EXPECT_TRUE(IsComplete("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab"));
  EXPECT_TRUE(IsComplete("HTTP/1.1 200 OK\r\ncontent-length:0\r\nA: b\r\n\r\n"));
  EXPECT_FALSE(IsComplete("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab"));
  EXPECT_FALSE(IsComplete("HTTP/1.1 200 OK\r\n\r\nab"));
  EXPECT_FALSE(IsComplete("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nab"));
  EXPECT_FALSE(IsComplete("HTTP/1.1 200 OK\r\nContent-Length:"));
  EXPECT_FALSE(IsComplete(""));
}

TEST(Response, NginxsRefusalsAreFailures) {
  const std::string head = "HTTP/1.1 400 Bad Request\r\nServer: nginx\r\n\r\n<html>";
  const auto none = RefusalInResponse(head + "<center>No required SSL certificate was sent</center>");
  ASSERT_TRUE(none.has_value());
  EXPECT_THAT(none->what(), HasSubstr("got none"));
  const auto bad = RefusalInResponse(head + "<center>The SSL certificate error</center>");
  ASSERT_TRUE(bad.has_value());
  EXPECT_THAT(bad->what(), HasSubstr("does not know its CA"));
}

TEST(Response, OtherResponsesAreNotRecognised) {
  EXPECT_FALSE(RefusalInResponse("HTTP/1.1 200 OK\r\n\r\nNo required SSL certificate was sent").has_value());
  EXPECT_FALSE(RefusalInResponse("HTTP/1.1 400 Bad Request\r\n\r\nno").has_value());
  EXPECT_FALSE(RefusalInResponse("").has_value());
  EXPECT_FALSE(RefusalInResponse("HTTP/1.").has_value());
}

TEST(Names, EveryKnownSchemeHasItsName) {
  for (const SchemeRow& row : SignatureSchemes()) {
    EXPECT_EQ(SchemeName(static_cast<std::uint16_t>(row.scheme)), row.name);
  }
  EXPECT_EQ(SchemeName(0x0402), "0x0402");
}

TEST(Names, VersionsHaveTheirUsualNames) {
  EXPECT_EQ(VersionName(0x0303), "TLSv1.2");
  EXPECT_EQ(VersionName(0x0304), "TLSv1.3");
}

TEST(Names, GreaseIsNamed) {
  EXPECT_TRUE(IsGrease(0x0a0a));
  EXPECT_TRUE(IsGrease(0xfafa));
  EXPECT_FALSE(IsGrease(0x1301));
  EXPECT_FALSE(IsGrease(0x0a1a));
}

}  // namespace
}  // namespace signet

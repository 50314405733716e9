#include "base/hex.h"
#include "base/openssl_context.h"
#include "base/openssl_error.h"
#include "base/percent_encoding.h"

#include <string>

#include <gtest/gtest.h>
#include <openssl/err.h>

namespace signet {
namespace {

TEST(PercentEncoding, RoundTripsEveryByte) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  EXPECT_EQ(PercentDecode(PercentEncode(all)), all);
  EXPECT_EQ(PercentDecodeSecret(PercentEncode(all))->view(), all);
  EXPECT_EQ(PercentEncode("aZ0-._~ /%"), "aZ0-._~%20%2F%25");
  EXPECT_EQ(PercentEncode("a/b c", "/"), "a/b%20c");
}

TEST(PercentEncoding, MalformedEscapesAreRejected) {
  for (const char* text : {"%", "%1", "%zz", "a%0", "%0g", "%%41"}) {
    EXPECT_FALSE(PercentDecode(text).has_value()) << text;
    EXPECT_FALSE(PercentDecodeSecret(text).has_value()) << text;
  }
  EXPECT_EQ(PercentDecode("%2f%2F"), "//");
  EXPECT_EQ(PercentDecode(""), "");
  EXPECT_EQ(PercentDecode("a+b"), "a+b");
}

TEST(Hex, IsLowerCaseWithTwoDigitsAByte) {
  const std::uint8_t bytes[] = {0x00, 0x0f, 0xf0, 0xff};
  EXPECT_EQ(HexEncode(bytes), "000ff0ff");
  EXPECT_EQ(HexEncode({}), "");
}

TEST(OpenSslErrorMark, LeavesTheCallersQueueAsItWas) {
  ERR_clear_error();
  ERR_raise(ERR_LIB_USER, 1);
  const unsigned long before = ERR_peek_last_error();
  {
    const OpenSslErrorMark mark;
    ERR_raise(ERR_LIB_USER, 2);
    EXPECT_NE(ERR_peek_last_error(), before);
    EXPECT_EQ(LastOpenSslError().value, ERR_peek_last_error());
  }
  EXPECT_EQ(ERR_peek_last_error(), before);
  ERR_clear_error();
  EXPECT_EQ(LastOpenSslError().kind, NativeCode::Kind::kNone);
}

TEST(OwnContext, IsASingleSeparateContext) {
  EXPECT_EQ(OwnContext(), OwnContext());
  EXPECT_NE(OwnContext(), OSSL_LIB_CTX_get0_global_default());
}

}  // namespace
}  // namespace signet

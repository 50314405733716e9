#include "pkcs12/uri.h"

#include <signet/error.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Refusal is the error for a URI that must be refused.
Error Refusal(std::string_view uri) {
  try {
    Pkcs12Uri::Parse(uri);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadUri) << uri;
    EXPECT_FALSE(error.hint().empty()) << uri;
    return error;
  }
  ADD_FAILURE() << uri << " was accepted";
  return Error({});
}

TEST(Pkcs12Uri, PathIsPercentDecodedAndWrittenBack) {
  EXPECT_EQ(Pkcs12Uri::Parse("pkcs12:/a/b.p12").path, "/a/b.p12");
  const Pkcs12Uri odd = Pkcs12Uri::Parse("pkcs12:relative/a%20b%3bc%3Fd%25.p12");
  EXPECT_EQ(odd.path, "relative/a b;c?d%.p12");
  EXPECT_EQ(odd.ToString(), "pkcs12:relative/a%20b%3Bc%3Fd%25.p12");
}

TEST(Pkcs12Uri, AttributesComeBackFromWhatIsWritten) {
  Pkcs12Uri uri;
  uri.path = "/x.p12";
  uri.friendly_name = "Łódź; 50% = \"ja\"?&";
  uri.local_key_id = {0, 1, 0xff};
  uri.sha256 = std::string(64, 'a');
  const Pkcs12Uri read = Pkcs12Uri::Parse(uri.ToString());
  EXPECT_EQ(read.friendly_name, uri.friendly_name);
  EXPECT_EQ(read.local_key_id, uri.local_key_id);
  EXPECT_EQ(read.sha256, uri.sha256);
  EXPECT_TRUE(read.password.empty());
}

TEST(Pkcs12Uri, LocalKeyIdIsHexOrBytes) {
  const auto id = [](std::string_view uri) { return *Pkcs12Uri::Parse(uri).local_key_id; };
  EXPECT_THAT(id("pkcs12:x;local-key-id=0aFf"), ::testing::ElementsAre(0x0a, 0xff));
  EXPECT_THAT(id("pkcs12:x;local-key-id=%0a%ff"), ::testing::ElementsAre(0x0a, 0xff));
  EXPECT_THAT(id("pkcs12:x;local-key-id=Time%201"), ::testing::ElementsAre('T', 'i', 'm', 'e', ' ', '1'));
  EXPECT_THAT(id("pkcs12:x;local-key-id=abc"), ::testing::ElementsAre('a', 'b', 'c'));
}

TEST(Pkcs12Uri, PasswordIsTakenFromTheQueryAndNeverWritten) {
  const Pkcs12Uri uri = Pkcs12Uri::Parse("pkcs12:/x.p12?pin-value=se%20cret");
  EXPECT_EQ(uri.password.Read()->view(), "se cret");
  EXPECT_EQ(uri.ToString(), "pkcs12:/x.p12");
  EXPECT_EQ(uri.password.description(), "value");
}

TEST(Pkcs12Uri, EmptyPasswordIsNotAnAbsentOne) {
  EXPECT_TRUE(Pkcs12Uri::Parse("pkcs12:x?pin-value=").password.Read()->empty());
  EXPECT_FALSE(Pkcs12Uri::Parse("pkcs12:x").password.Read().has_value());
  EXPECT_FALSE(Pkcs12Uri::Parse("pkcs12:x?").password.Read().has_value());
}

TEST(Pkcs12Uri, UnknownAttributeIsNamedWithTheNearest) {
  const Error path = Refusal("pkcs12:x;frendly-name=alice");
  EXPECT_THAT(path.detail(), HasSubstr("frendly-name"));
  EXPECT_THAT(path.hint(), HasSubstr("friendly-name"));
  const Error query = Refusal("pkcs12:x?pin-vale=1234");
  EXPECT_THAT(query.detail(), HasSubstr("pin-vale "));
  EXPECT_THAT(query.hint(), HasSubstr("pin-value"));
  EXPECT_THAT(query.what(), Not(HasSubstr("1234")));
  EXPECT_THAT(Refusal("pkcs12:x?pin-src=env:A").hint(), HasSubstr("pin-source"));
}

TEST(Pkcs12Uri, MisplacedPinIsRefusedAndNotRepeated) {
  for (const char* uri :
       {"pkcs12:x;pin-value=9876", "pkcs12:x&pin-value=9876", "pkcs12:x?9876", "pkcs12:x;9876",
        "pkcs12:x?pin-value=9876&pin-value=9876", "pkcs12:x?pin-value=9876%zz",
        "pkcs12:x?pin-value=9876&pin-source=env:A", "pkcs12:x?PIN-VALUE=9876"}) {
    EXPECT_THAT(Refusal(uri).what(), Not(HasSubstr("9876"))) << uri;
  }
}

TEST(Pkcs12Uri, CommandAsPinSourceIsRefused) {
  EXPECT_THAT(Refusal("pkcs12:x?pin-source=%7Ccat%20/etc/pin").detail(), HasSubstr("command"));
  EXPECT_THAT(Refusal("pkcs12:x?pin-source=|cat").detail(), HasSubstr("command"));
  EXPECT_THAT(Refusal("pkcs12:x?pin-source=http://x").detail(),
              HasSubstr("type of the pin-source is unknown"));
}

TEST(Pkcs12Uri, WhatNamesNoFileIsRefused) {
  for (const char* uri : {"pkcs12:", "pkcs12:;friendly-name=a", "pkcs12:?pin-value=1", "pkcs12:a%0",
                          "pkcs12:a%00b", "pkcs12:x;sha256=12",
                          "pkcs12:x;local-key-id=", "pkcs12:x;friendly-name=a;friendly-name=b", "pkcs11:x"}) {
    Refusal(uri);
  }
}

}  // namespace
}  // namespace signet

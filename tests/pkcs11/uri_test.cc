#include "pkcs11/objects/uri.h"

#include <signet/error.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct BadUri {
  const char* uri;
  const char* says;   // in the detail
  const char* hints;  // in the hint
};

class Pkcs11UriRefusal : public ::testing::TestWithParam<BadUri> {};

INSTANTIATE_TEST_SUITE_P(
    All, Pkcs11UriRefusal,
    ::testing::Values(BadUri{"pkcs11:tokn=a", "tokn", "token"},
                      BadUri{"pkcs11:lable=a", "lable", "Did you mean"},
                      BadUri{"pkcs11:token=a?pin-vale=1234", "pin-vale", "pin-value"},
                      BadUri{"pkcs11:token=a?pinfile=/x", "pinfile", "Did you mean"},
                      BadUri{"pkcs11:token=a;type=certificate", "certificate", "cert"},
                      BadUri{"pkcs11:token=a;token=b", "token occurs twice", "one of them"},
                      BadUri{"pkcs11:token=a?pin-value=1&pin-value=2", "pin-value occurs twice", "one of them"},
                      BadUri{"pkcs11:token=a?pin-value=1&pin-source=file:/x", "more than one PIN", "one of them"},
                      BadUri{"pkcs11:token=abcdefghijklmnopqrstuvwxyzabcdefg", "33 bytes", "signet list"},
                      BadUri{"pkcs11:serial=abcdefghijklmnopq", "17 bytes", "signet list"},
                      BadUri{"pkcs11:token=my token", "white space", "%20"},
                      BadUri{"pkcs11:token=a%2", "%", "%25"}, BadUri{"pkcs11:token", "=", "name=value"},
                      BadUri{"pkcs11:slot-id=one", "not a number", "NUMBER"},
                      BadUri{"pkcs11:library-version=x", "", "signet list"},
                      BadUri{"pkcs11:token=a;pin-value=1234?pin-value=1234", "more than one PIN", "one of them"},
                      BadUri{"pkcs11:token=a;pin-source=./x?pin-value=1234", "more than one PIN", "one of them"},
                      BadUri{"pkcs11:token=a;pin-vale=1234", "pin-vale", "pin-value"},
                      BadUri{"pkcs11:type=cert;object-type=cert", "type", "one of them"},
                      BadUri{"pkcs11:token=a?pin-source=fil:/x", "pin-source is unknown", "file:"},
                      BadUri{"pkcs11:token=a;token=b;pin-value=1234", "token occurs twice", "one of them"},
                      BadUri{"pkcs12:token=b;pin-value=1234", "pkcs11:", "pkcs11:"},
                      BadUri{"pkcs11:token=a?pin-source=|cat", "command", "file:"},
                      BadUri{"pkcs11:token=a;pin-source=|cat%20/etc/pin", "command", "file:"},
                      BadUri{"pkcs11:token=a;x-a=1;x-a=2;tokn=b", "tokn", "token"},
                      BadUri{"pkcs11:x=a", "x", "Did you mean"}, BadUri{"pkcs11:xtoken=a", "xtoken", "token"},
                      BadUri{"pkcs12:token=a", "pkcs11:", "pkcs11:"}));

TEST_P(Pkcs11UriRefusal, NamesWhatIsWrongAndWhatIsRight) {
  try {
    Pkcs11Uri::Parse(GetParam().uri);
    FAIL() << GetParam().uri;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadUri);
    EXPECT_THAT(error.detail(), HasSubstr(GetParam().says));
    EXPECT_THAT(error.hint(), HasSubstr(GetParam().hints));
    EXPECT_THAT(error.what(), Not(HasSubstr("1234 ")));
    EXPECT_THAT(error.what(), Not(HasSubstr("=1234")));
  }
}

TEST(Pkcs11UriTest, AnErrorShowsNoMoreThanWasGood) {
  for (const auto& [uri, shown] : std::vector<std::pair<const char*, const char*>>{
           {"pkcs11:token=a;pin-valeu=4711", "pkcs11:token=a;pin-valeu=..."},
           {"pkcs11:pin-value=4711;tokn=a", "pkcs11:tokn=..."},
           {"pkcs11:token=a;4711", "pkcs11:token=a"},
           {"pkcs11:token=a;id=%01?pin-valeu=4711", "pkcs11:token=a;id=%01"},
           {"pkcs13:token=a;pin-value=4711", "pkcs13:token=a"}}) {
    try {
      Pkcs11Uri::Parse(uri);
      ADD_FAILURE() << uri;
    } catch (const Error& error) {
      EXPECT_EQ(error.uri(), shown);
      EXPECT_THAT(error.what(), Not(HasSubstr("4711")));
    }
  }
}

TEST(Pkcs11UriTest, ReadsAllOfRfc7512) {
  const auto uri = Pkcs11Uri::Parse(
      "pkcs11:token=My%20Token;manufacturer=m;serial=1;model=mo;library-manufacturer=lm;library-version=2.6;"
      "library-description=ld;object=a%3Bb;type=private;id=%00%FF;slot-description=sd;slot-manufacturer=sm;"
      "slot-id=7"
      "?pin-value=12%2634&module-path=/a/b%20c.so&module-name=softhsm2");
  EXPECT_TRUE(uri.names_token());
  EXPECT_TRUE(uri.names_slot());
  EXPECT_TRUE(uri.names_library());
  EXPECT_EQ(uri.object(), "a;b");
  EXPECT_EQ(uri.object_class(), CKO_PRIVATE_KEY);
  EXPECT_EQ(uri.id(), (std::vector<std::uint8_t>{0, 0xff}));
  EXPECT_EQ(uri.pin().Read()->view(), "12&34");
  EXPECT_EQ(uri.module_path(), "/a/b c.so");
  EXPECT_EQ(uri.module_name(), "softhsm2");
  EXPECT_THAT(uri.shown(), Not(HasSubstr("pin")));
}

TEST(Pkcs11UriTest, AcceptsTheFormsOfOtherPrograms) {
  const auto old =
      Pkcs11Uri::Parse("PKCS11:token=a;pin-value=12%3B34;object-type=cert;x-made-by=us?x-hint=1");
  EXPECT_EQ(old.pin().Read()->view(), "12;34");
  EXPECT_TRUE(old.pin().is_value());
  EXPECT_EQ(old.object_class(), CKO_CERTIFICATE);
  EXPECT_EQ(old.shown(), "pkcs11:token=a;type=cert");
  EXPECT_EQ(Pkcs11Uri::Parse("pkcs11:token=a?pin-source=secrets/pin").pin().description(),
            "file:secrets/pin");
  EXPECT_EQ(Pkcs11Uri::Parse("pkcs11:token=a?pin-source=./a:b").pin().description(), "file:./a:b");
  EXPECT_EQ(Pkcs11Uri::Parse("pkcs11:token=a?x-v=1&x-v=2").shown(), "pkcs11:token=a");
  EXPECT_EQ(*Pkcs11Uri::Parse("pkcs11:id=01").id(), (std::vector<std::uint8_t>{'0', '1'}));
  EXPECT_EQ(Pkcs11Uri::Parse("pkcs11:token=a;pin-source=env:P").pin().description(), "env:P");
  EXPECT_EQ(Pkcs11Uri::Parse("Pkcs11:module-path=/m.so").module_path(), "/m.so");
}

TEST(Pkcs11UriTest, AnEmptyOneMatchesEveryToken) {
  const auto uri = Pkcs11Uri::Parse("pkcs11:");
  CK_TOKEN_INFO info{};
  EXPECT_TRUE(uri.Matches(info, 3));
  EXPECT_FALSE(uri.names_token());
  EXPECT_TRUE(uri.pin().empty());
}

TEST(Pkcs11UriTest, APinSourceIsReadAtEachUse) {
  const auto uri = Pkcs11Uri::Parse("pkcs11:token=a?pin-source=env:SIGNET_URI_TEST_PIN");
  setenv("SIGNET_URI_TEST_PIN", "1", 1);
  EXPECT_EQ(uri.pin().Read()->view(), "1");
  setenv("SIGNET_URI_TEST_PIN", "2", 1);
  EXPECT_EQ(uri.pin().Read()->view(), "2");
}

TEST(Pkcs11UriTest, WhatItWritesItReads) {
  CK_TOKEN_INFO info{};
  std::fill(std::begin(info.label), std::end(info.label), ' ');
  std::fill(std::begin(info.manufacturerID), std::end(info.manufacturerID), ' ');
  std::fill(std::begin(info.model), std::end(info.model), ' ');
  std::fill(std::begin(info.serialNumber), std::end(info.serialNumber), ' ');
  const std::string label = "a;b c?d";
  std::copy(label.begin(), label.end(), info.label);
  const std::vector<std::uint8_t> id = {0, 1, 0xfe};
  const auto uri = Pkcs11Uri::Parse(ObjectUri(info, id, "my=key", true));
  EXPECT_TRUE(uri.Matches(info, 0));
  EXPECT_EQ(uri.id(), id);
  EXPECT_EQ(uri.object(), "my=key");
  EXPECT_TRUE(uri.Matches(info, 7));
  const auto in_slot = Pkcs11Uri::Parse(ObjectUri(info, id, "my=key", true, 7));
  EXPECT_TRUE(in_slot.Matches(info, 7));
  EXPECT_FALSE(in_slot.Matches(info, 0)) << "twin slots";
}

}  // namespace
}  // namespace signet

#include "pkcs12/password.h"

#include <string>

#include <gtest/gtest.h>

namespace signet {
namespace {

std::string Bmp(const char* password, std::size_t form = 0) {
  return std::string(PasswordForms(Secret(password)).at(form).bmp.view());
}

TEST(Password, AsciiBecomesUnitsWithTwoZeroBytesBehind) {
  EXPECT_EQ(Bmp("ab"), std::string("\0a\0b\0\0", 6));
  EXPECT_EQ(PasswordForms(Secret("ab")).size(), 1u);
}

TEST(Password, EmptyAndAbsentGiveBothForms) {
  EXPECT_EQ(std::string(PasswordForms(Secret("")).back().bmp.view()), std::string("\0\0", 2));
  ASSERT_EQ(PasswordForms(std::nullopt).size(), 2u);
  EXPECT_TRUE(PasswordForms(std::nullopt).front().bmp.empty());
}

TEST(Password, Utf8IsReadAndThenTriedByteByByte) {
  EXPECT_EQ(Bmp("\xc5\x81"), std::string("\x01\x41\0\0", 4));
  EXPECT_EQ(Bmp("\xc5\x81", 1), std::string("\0\xc5\0\x81\0\0", 6));
  EXPECT_EQ(Bmp("\xe2\x82\xac"), std::string("\x20\xac\0\0", 4));
}

TEST(Password, CharactersBeyondTheBmpBecomeSurrogates) {
  EXPECT_EQ(Bmp("\xf0\x9f\x94\x91"), std::string("\xd8\x3d\xdd\x11\0\0", 6));
}

TEST(Password, WhatIsNoUtf8IsTakenByteByByte) {
  for (const char* bytes :
       {"\xff", "\xc5", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "a\x80"}) {
    const auto forms = PasswordForms(Secret(bytes));
    ASSERT_EQ(forms.size(), 1u) << bytes;
    EXPECT_EQ(forms.front().bmp.size(), 2 * std::string(bytes).size() + 2);
    EXPECT_EQ(forms.front().utf8.view(), bytes);
  }
}

}  // namespace
}  // namespace signet

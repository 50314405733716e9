#include "base/general_hint.h"

#include <set>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace signet {
namespace {

constexpr int kLast = static_cast<int>(ErrorCode::kApplication);

// Complete has a case for every code, so that the compiler warns when one is added here or there only.
bool Complete(ErrorCode code) {
  switch (code) {
    case ErrorCode::kCertificateOnly:
    case ErrorCode::kKeyOnly:
    case ErrorCode::kNoSigningKey:
    case ErrorCode::kKeyCertificateMismatch:
    case ErrorCode::kWrongPassword:
    case ErrorCode::kWrongPin:
    case ErrorCode::kPinNeeded:
    case ErrorCode::kPinLocked:
    case ErrorCode::kPinFinalTry:
    case ErrorCode::kMalformed:
    case ErrorCode::kTooCostly:
    case ErrorCode::kUnsupported:
    case ErrorCode::kNotFound:
    case ErrorCode::kAmbiguous:
    case ErrorCode::kUnreadable:
    case ErrorCode::kTokenAbsent:
    case ErrorCode::kTokenTrouble:
    case ErrorCode::kModuleTrouble:
    case ErrorCode::kBadUri:
    case ErrorCode::kBadSetting:
    case ErrorCode::kBadArgument:
    case ErrorCode::kTimeout:
    case ErrorCode::kHandshake:
    case ErrorCode::kUntrustedServer:
    case ErrorCode::kNetwork:
    case ErrorCode::kInternal:
    case ErrorCode::kApplication:
      return true;
  }
  return false;
}

TEST(Error, EveryCodeHasAUniqueName) {
  std::set<std::string_view> names;
  for (int i = 0; i <= kLast; ++i) {
    EXPECT_TRUE(Complete(static_cast<ErrorCode>(i)));
    names.insert(Name(static_cast<ErrorCode>(i)));
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(kLast) + 1);
  EXPECT_FALSE(Complete(static_cast<ErrorCode>(kLast + 1)));
}

TEST(Error, TheFirstNineteenAreTheProblemsOfAListing) {
  const std::string_view names[] = {
      "certificate-only", "key-only",       "no-signing-key", "key-certificate-mismatch",
      "wrong-password",   "wrong-pin",      "pin-needed",     "pin-locked",
      "pin-final-try",    "malformed",      "too-costly",     "unsupported",
      "not-found",        "ambiguous",      "unreadable",     "token-absent",
      "token-trouble",    "module-trouble", "bad-uri"};
  for (std::size_t i = 0; i < std::size(names); ++i) EXPECT_EQ(Name(static_cast<ErrorCode>(i)), names[i]);
}

TEST(Error, MovedFromHoldsWhatItHeld) {
  Error error({.detail = "it broke"});
  const Error moved(std::move(error));
  EXPECT_EQ(error.detail(), "it broke");  // NOLINT: that is the point
  EXPECT_EQ(&error.detail(), &moved.detail()) << "copies share their text";
}

TEST(Error, OneLineHoldsDetailCallAndHint) {
  const Error full({.code = ErrorCode::kTokenTrouble,
                    .detail = "the token is gone",
                    .call = "C_Sign",
                    .native = {NativeCode::Kind::kPkcs11, 0xe0, "CKR_TOKEN_NOT_PRESENT"},
                    .uri = "pkcs11:token=a",
                    .hint = "Put it back."});
  EXPECT_STREQ(full.what(),
               "pkcs11:token=a: the token is gone (C_Sign: CKR_TOKEN_NOT_PRESENT). Put it back.");
  EXPECT_STREQ(Error({.detail = "it broke", .hint = "Glue it."}).what(), "it broke. Glue it.");
  EXPECT_STREQ(Error({.detail = "it broke", .call = "open", .hint = "Glue it."}).what(),
               "it broke (open). Glue it.");
}

TEST(Error, EveryCodeHasADefaultHint) {
  std::set<std::string_view> hints;
  for (int i = 0; i <= kLast; ++i) {
    const auto code = static_cast<ErrorCode>(i);
    EXPECT_EQ(Error({.code = code, .detail = "x"}).hint(), GeneralHint(code));
    EXPECT_EQ(Error({.code = code, .detail = "x", .hint = "Do it."}).hint(), "Do it.");
    hints.insert(GeneralHint(code));
  }
  EXPECT_EQ(hints.size(), static_cast<std::size_t>(kLast) + 1);
}

TEST(Error, UriIsAddedOnlyIfThereIsNone) {
  const Error bare({.detail = "x", .hint = "Repair it."});
  EXPECT_EQ(bare.WithUri("pkcs12:a").uri(), "pkcs12:a");
  EXPECT_EQ(bare.WithUri("pkcs12:a").WithUri("pkcs12:b").uri(), "pkcs12:a");
  EXPECT_STREQ(bare.WithUri("pkcs12:a").what(), "pkcs12:a: x. Repair it.");
}

}  // namespace
}  // namespace signet

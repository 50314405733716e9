#include "pkcs11/admin/admin_error.h"
#include "pkcs11/admin/pin_session.h"

#include <algorithm>

#include <gmock/gmock.h>

namespace signet {
namespace {

using ::testing::HasSubstr;

TEST(AdminOutcome, OnlyCodesAboutThePreviousStateProveThatNothingChanged) {
  EXPECT_EQ(OutcomeOf(CKR_OK), Outcome::kDone);
  for (const CK_RV result : {CKR_GENERAL_ERROR, CKR_HOST_MEMORY, CKR_FUNCTION_FAILED, CKR_FUNCTION_CANCELED,
                             CKR_DEVICE_ERROR, CKR_DEVICE_MEMORY, CKR_DEVICE_REMOVED, CKR_SESSION_CLOSED,
                             kCkrPending, CK_RV{CKR_VENDOR_DEFINED + 7}}) {
    EXPECT_EQ(OutcomeOf(result), Outcome::kUnknown) << result;
  }
  for (const CK_RV result :
       {CKR_SESSION_HANDLE_INVALID, CKR_USER_NOT_LOGGED_IN, CKR_CRYPTOKI_NOT_INITIALIZED,
        CKR_TOKEN_NOT_PRESENT, CKR_TEMPLATE_INCONSISTENT, CKR_ATTRIBUTE_VALUE_INVALID, CKR_SESSION_READ_ONLY,
        CKR_TOKEN_WRITE_PROTECTED, CKR_MECHANISM_INVALID, CKR_ARGUMENTS_BAD}) {
    EXPECT_EQ(OutcomeOf(result), Outcome::kNotDone) << result;
  }
}

// TokenWith is a token that says these flags and PIN lengths of itself.
CK_TOKEN_INFO TokenWith(CK_FLAGS flags, CK_ULONG least = 4, CK_ULONG most = 8) {
  CK_TOKEN_INFO info{};
  std::ranges::fill(info.label, ' ');
  info.label[0] = 'T';
  info.flags = flags;
  info.ulMinPinLen = least;
  info.ulMaxPinLen = most;
  return info;
}

TEST(AdminPin, NewPinsKeepTheLengthsThatTheTokenReports) {
  const auto taken = [](const CK_TOKEN_INFO& info, std::string_view pin) {
    try {
      CheckNewPin(info, CKU_USER, Secret(pin));
      return true;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kWrongPin);
      return false;
    }
  };
  EXPECT_TRUE(taken(TokenWith(0), "1234"));
  EXPECT_TRUE(taken(TokenWith(0), "12345678"));
  EXPECT_FALSE(taken(TokenWith(0), "123"));
  EXPECT_FALSE(taken(TokenWith(0), "123456789"));
  EXPECT_FALSE(taken(TokenWith(0, 0, 0), ""));
  // Limits that make no sense are not believed.
  EXPECT_TRUE(taken(TokenWith(0, 0, 0), "123"));
  EXPECT_TRUE(taken(TokenWith(0, 8, 4), "123"));
  EXPECT_TRUE(taken(TokenWith(0, 0, CK_UNAVAILABLE_INFORMATION), "123"));
}

TEST(AdminPin, ErrorsNameTheLengths) {
  EXPECT_THAT(PinError(CKR_PIN_LEN_RANGE, "C_SetPIN", CKU_USER, TokenWith(0)).what(),
              HasSubstr("4 to 8 bytes"));
  EXPECT_THAT(
      PinError(CKR_PIN_LEN_RANGE, "C_SetPIN", CKU_USER, TokenWith(0, 6, CK_UNAVAILABLE_INFORMATION)).what(),
      HasSubstr("at least 6 bytes"));
}

}  // namespace
}  // namespace signet

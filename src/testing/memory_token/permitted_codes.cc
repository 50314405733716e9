#include "testing/memory_token/permitted_codes.h"

#include "testing/module/functions.h"

#include <array>
#include <vector>

namespace signet::testing {
namespace {

// What every function may return, what every function on a slot, and what every function on a session
// (PKCS#11 2.40 sections 5.1.1 to 5.1.4).
constexpr CK_RV kAny[] = {CKR_GENERAL_ERROR, CKR_HOST_MEMORY, CKR_FUNCTION_FAILED};
constexpr CK_RV kInitialised[] = {CKR_CRYPTOKI_NOT_INITIALIZED};
constexpr CK_RV kDevice[] = {CKR_DEVICE_ERROR, CKR_DEVICE_MEMORY, CKR_DEVICE_REMOVED};
constexpr CK_RV kSession[] = {CKR_SESSION_HANDLE_INVALID, CKR_SESSION_CLOSED};
constexpr CK_RV kSlot[] = {CKR_SLOT_ID_INVALID};

enum Groups : unsigned { kNone = 0, kIsInitialised = 1, kHasDevice = 2, kHasSession = 4, kHasSlot = 8 };
constexpr unsigned kOnSlot = kIsInitialised | kHasDevice | kHasSlot;
constexpr unsigned kOnSession = kIsInitialised | kHasDevice | kHasSession;

// Of PKCS#11 3.0, which older headers do not have.
constexpr CK_RV kTokenResourceExceeded = 0x201;
constexpr CK_RV kOperationCancelFailed = 0x202;
constexpr CK_RV kKeyExhausted = 0x203;

struct Row {
  std::size_t function;
  unsigned groups;
  std::vector<CK_RV> own;
};

const std::vector<Row>& Rows() {
  static const auto& rows = *new std::vector<Row>{
      {kC_Initialize,
       kNone,
       {CKR_ARGUMENTS_BAD, CKR_CANT_LOCK, CKR_CRYPTOKI_ALREADY_INITIALIZED, CKR_NEED_TO_CREATE_THREADS}},
      {kC_Finalize, kIsInitialised, {CKR_ARGUMENTS_BAD}},
      {kC_GetInfo, kIsInitialised, {CKR_ARGUMENTS_BAD}},
      {kC_GetSlotList, kIsInitialised, {CKR_ARGUMENTS_BAD, CKR_BUFFER_TOO_SMALL}},
      {kC_GetSlotInfo, kIsInitialised | kHasSlot, {CKR_ARGUMENTS_BAD, CKR_DEVICE_ERROR}},
      {kC_GetTokenInfo, kOnSlot, {CKR_TOKEN_NOT_PRESENT, CKR_TOKEN_NOT_RECOGNIZED, CKR_ARGUMENTS_BAD}},
      {kC_GetMechanismList,
       kOnSlot,
       {CKR_BUFFER_TOO_SMALL, CKR_TOKEN_NOT_PRESENT, CKR_TOKEN_NOT_RECOGNIZED, CKR_ARGUMENTS_BAD}},
      {kC_GetMechanismInfo,
       kOnSlot,
       {CKR_MECHANISM_INVALID, CKR_TOKEN_NOT_PRESENT, CKR_TOKEN_NOT_RECOGNIZED, CKR_ARGUMENTS_BAD}},
      {kC_InitToken,
       kOnSlot,
       {CKR_FUNCTION_CANCELED, CKR_PIN_INCORRECT, CKR_PIN_LOCKED, CKR_SESSION_EXISTS, CKR_TOKEN_NOT_PRESENT,
        CKR_TOKEN_NOT_RECOGNIZED, CKR_TOKEN_WRITE_PROTECTED, CKR_ARGUMENTS_BAD}},
      {kC_InitPIN,
       kOnSession,
       {CKR_FUNCTION_CANCELED, CKR_PIN_INVALID, CKR_PIN_LEN_RANGE, CKR_SESSION_READ_ONLY,
        CKR_TOKEN_WRITE_PROTECTED, CKR_USER_NOT_LOGGED_IN, CKR_ARGUMENTS_BAD}},
      {kC_SetPIN,
       kOnSession,
       {CKR_FUNCTION_CANCELED, CKR_PIN_INCORRECT, CKR_PIN_INVALID, CKR_PIN_LEN_RANGE, CKR_PIN_LOCKED,
        CKR_SESSION_READ_ONLY, CKR_TOKEN_WRITE_PROTECTED, CKR_ARGUMENTS_BAD}},
      {kC_OpenSession,
       kOnSlot,
       {CKR_SESSION_COUNT, CKR_SESSION_PARALLEL_NOT_SUPPORTED, CKR_SESSION_READ_WRITE_SO_EXISTS,
        CKR_TOKEN_NOT_PRESENT, CKR_TOKEN_NOT_RECOGNIZED, CKR_TOKEN_WRITE_PROTECTED, CKR_ARGUMENTS_BAD}},
      {kC_CloseSession, kOnSession, {}},
      {kC_CloseAllSessions, kOnSlot, {CKR_TOKEN_NOT_PRESENT}},
      {kC_GetSessionInfo, kOnSession, {CKR_ARGUMENTS_BAD}},
      {kC_Login,
       kOnSession,
       {CKR_ARGUMENTS_BAD, CKR_FUNCTION_CANCELED, CKR_OPERATION_NOT_INITIALIZED, CKR_PIN_INCORRECT,
        CKR_PIN_LOCKED, CKR_SESSION_READ_ONLY_EXISTS, CKR_USER_ALREADY_LOGGED_IN,
        CKR_USER_ANOTHER_ALREADY_LOGGED_IN, CKR_USER_PIN_NOT_INITIALIZED, CKR_USER_TOO_MANY_TYPES,
        CKR_USER_TYPE_INVALID}},
      {kC_Logout, kOnSession, {CKR_USER_NOT_LOGGED_IN}},
      {kC_CreateObject,
       kOnSession,
       {CKR_ARGUMENTS_BAD, CKR_ATTRIBUTE_READ_ONLY, CKR_ATTRIBUTE_TYPE_INVALID, CKR_ATTRIBUTE_VALUE_INVALID,
        CKR_CURVE_NOT_SUPPORTED, CKR_DOMAIN_PARAMS_INVALID, CKR_PIN_EXPIRED, CKR_SESSION_READ_ONLY,
        CKR_TEMPLATE_INCOMPLETE, CKR_TEMPLATE_INCONSISTENT, CKR_TOKEN_WRITE_PROTECTED,
        CKR_USER_NOT_LOGGED_IN}},
      {kC_DestroyObject,
       kOnSession,
       {CKR_ACTION_PROHIBITED, CKR_OBJECT_HANDLE_INVALID, CKR_PIN_EXPIRED, CKR_SESSION_READ_ONLY,
        CKR_TOKEN_WRITE_PROTECTED}},
      {kC_GetObjectSize,
       kOnSession,
       {CKR_ARGUMENTS_BAD, CKR_INFORMATION_SENSITIVE, CKR_OBJECT_HANDLE_INVALID}},
      {kC_GetAttributeValue,
       kOnSession,
       {CKR_ARGUMENTS_BAD, CKR_ATTRIBUTE_SENSITIVE, CKR_ATTRIBUTE_TYPE_INVALID, CKR_BUFFER_TOO_SMALL,
        CKR_OBJECT_HANDLE_INVALID}},
      {kC_SetAttributeValue,
       kOnSession,
       {CKR_ACTION_PROHIBITED, CKR_ARGUMENTS_BAD, CKR_ATTRIBUTE_READ_ONLY, CKR_ATTRIBUTE_TYPE_INVALID,
        CKR_ATTRIBUTE_VALUE_INVALID, CKR_OBJECT_HANDLE_INVALID, CKR_SESSION_READ_ONLY,
        CKR_TEMPLATE_INCONSISTENT, CKR_TOKEN_WRITE_PROTECTED, CKR_USER_NOT_LOGGED_IN}},
      {kC_FindObjectsInit,
       kOnSession,
       {CKR_ARGUMENTS_BAD, CKR_ATTRIBUTE_TYPE_INVALID, CKR_ATTRIBUTE_VALUE_INVALID, CKR_OPERATION_ACTIVE,
        CKR_PIN_EXPIRED}},
      {kC_FindObjects, kOnSession, {CKR_ARGUMENTS_BAD, CKR_OPERATION_NOT_INITIALIZED}},
      {kC_FindObjectsFinal, kOnSession, {CKR_OPERATION_NOT_INITIALIZED}},
      {kC_DecryptInit,
       kOnSession,
       {CKR_ARGUMENTS_BAD, CKR_FUNCTION_CANCELED, CKR_KEY_FUNCTION_NOT_PERMITTED, CKR_KEY_HANDLE_INVALID,
        CKR_KEY_SIZE_RANGE, CKR_KEY_TYPE_INCONSISTENT, CKR_MECHANISM_INVALID, CKR_MECHANISM_PARAM_INVALID,
        CKR_OPERATION_ACTIVE, CKR_PIN_EXPIRED, CKR_USER_NOT_LOGGED_IN}},
      {kC_Decrypt,
       kOnSession,
       {CKR_ARGUMENTS_BAD, CKR_BUFFER_TOO_SMALL, CKR_ENCRYPTED_DATA_INVALID, CKR_ENCRYPTED_DATA_LEN_RANGE,
        CKR_FUNCTION_CANCELED, CKR_OPERATION_NOT_INITIALIZED, CKR_USER_NOT_LOGGED_IN}},
      {kC_SignInit,
       kOnSession,
       {CKR_ARGUMENTS_BAD, CKR_FUNCTION_CANCELED, CKR_KEY_FUNCTION_NOT_PERMITTED, CKR_KEY_HANDLE_INVALID,
        CKR_KEY_SIZE_RANGE, CKR_KEY_TYPE_INCONSISTENT, CKR_MECHANISM_INVALID, CKR_MECHANISM_PARAM_INVALID,
        CKR_OPERATION_ACTIVE, CKR_PIN_EXPIRED, CKR_USER_NOT_LOGGED_IN}},
      {kC_Sign,
       kOnSession,
       {CKR_ARGUMENTS_BAD, CKR_BUFFER_TOO_SMALL, CKR_DATA_INVALID, CKR_DATA_LEN_RANGE, CKR_FUNCTION_CANCELED,
        CKR_FUNCTION_REJECTED, CKR_OPERATION_NOT_INITIALIZED, CKR_USER_NOT_LOGGED_IN}},
      {kC_GenerateKeyPair,
       kOnSession,
       {CKR_ARGUMENTS_BAD, CKR_ATTRIBUTE_READ_ONLY, CKR_ATTRIBUTE_TYPE_INVALID, CKR_ATTRIBUTE_VALUE_INVALID,
        CKR_CURVE_NOT_SUPPORTED, CKR_DOMAIN_PARAMS_INVALID, CKR_FUNCTION_CANCELED, CKR_MECHANISM_INVALID,
        CKR_MECHANISM_PARAM_INVALID, CKR_OPERATION_ACTIVE, CKR_PIN_EXPIRED, CKR_SESSION_READ_ONLY,
        CKR_TEMPLATE_INCOMPLETE, CKR_TEMPLATE_INCONSISTENT, CKR_TOKEN_WRITE_PROTECTED,
        CKR_USER_NOT_LOGGED_IN}},
      {kC_DeriveKey,
       kOnSession,
       {CKR_ARGUMENTS_BAD, CKR_ATTRIBUTE_READ_ONLY, CKR_ATTRIBUTE_TYPE_INVALID, CKR_ATTRIBUTE_VALUE_INVALID,
        CKR_CURVE_NOT_SUPPORTED, CKR_DOMAIN_PARAMS_INVALID, CKR_FUNCTION_CANCELED, CKR_KEY_HANDLE_INVALID,
        CKR_KEY_SIZE_RANGE, CKR_KEY_TYPE_INCONSISTENT, CKR_MECHANISM_INVALID, CKR_MECHANISM_PARAM_INVALID,
        CKR_OPERATION_ACTIVE, CKR_PIN_EXPIRED, CKR_SESSION_READ_ONLY, CKR_TEMPLATE_INCOMPLETE,
        CKR_TEMPLATE_INCONSISTENT, CKR_TOKEN_WRITE_PROTECTED, CKR_USER_NOT_LOGGED_IN}},
      {kC_GenerateRandom,
       kOnSession,
       {CKR_ARGUMENTS_BAD, CKR_FUNCTION_CANCELED, CKR_OPERATION_ACTIVE, CKR_RANDOM_NO_RNG,
        CKR_USER_NOT_LOGGED_IN}},
  };
  return rows;
}

std::vector<CK_RV> Whole(const Row& row) {
  std::vector<CK_RV> codes(std::begin(kAny), std::end(kAny));
  const auto add = [&](unsigned group, std::span<const CK_RV> more) {
    if ((row.groups & group) != 0) codes.insert(codes.end(), more.begin(), more.end());
  };
  add(kIsInitialised, kInitialised);
  add(kHasDevice, kDevice);
  add(kHasSession, kSession);
  add(kHasSlot, kSlot);
  codes.insert(codes.end(), row.own.begin(), row.own.end());
  return codes;
}

constexpr CK_RV kAllCodes[] = {CKR_CANCEL,
                               CKR_HOST_MEMORY,
                               CKR_SLOT_ID_INVALID,
                               CKR_GENERAL_ERROR,
                               CKR_FUNCTION_FAILED,
                               CKR_ARGUMENTS_BAD,
                               CKR_NO_EVENT,
                               CKR_NEED_TO_CREATE_THREADS,
                               CKR_CANT_LOCK,
                               CKR_ATTRIBUTE_READ_ONLY,
                               CKR_ATTRIBUTE_SENSITIVE,
                               CKR_ATTRIBUTE_TYPE_INVALID,
                               CKR_ATTRIBUTE_VALUE_INVALID,
                               CKR_ACTION_PROHIBITED,
                               CKR_DATA_INVALID,
                               CKR_DATA_LEN_RANGE,
                               CKR_DEVICE_ERROR,
                               CKR_DEVICE_MEMORY,
                               CKR_DEVICE_REMOVED,
                               CKR_ENCRYPTED_DATA_INVALID,
                               CKR_ENCRYPTED_DATA_LEN_RANGE,
                               CKR_FUNCTION_CANCELED,
                               CKR_FUNCTION_NOT_PARALLEL,
                               CKR_FUNCTION_NOT_SUPPORTED,
                               CKR_KEY_HANDLE_INVALID,
                               CKR_KEY_SIZE_RANGE,
                               CKR_KEY_TYPE_INCONSISTENT,
                               CKR_KEY_NOT_NEEDED,
                               CKR_KEY_CHANGED,
                               CKR_KEY_NEEDED,
                               CKR_KEY_INDIGESTIBLE,
                               CKR_KEY_FUNCTION_NOT_PERMITTED,
                               CKR_KEY_NOT_WRAPPABLE,
                               CKR_KEY_UNEXTRACTABLE,
                               CKR_MECHANISM_INVALID,
                               CKR_MECHANISM_PARAM_INVALID,
                               CKR_OBJECT_HANDLE_INVALID,
                               CKR_OPERATION_ACTIVE,
                               CKR_OPERATION_NOT_INITIALIZED,
                               CKR_PIN_INCORRECT,
                               CKR_PIN_INVALID,
                               CKR_PIN_LEN_RANGE,
                               CKR_PIN_EXPIRED,
                               CKR_PIN_LOCKED,
                               CKR_SESSION_CLOSED,
                               CKR_SESSION_COUNT,
                               CKR_SESSION_HANDLE_INVALID,
                               CKR_SESSION_PARALLEL_NOT_SUPPORTED,
                               CKR_SESSION_READ_ONLY,
                               CKR_SESSION_EXISTS,
                               CKR_SESSION_READ_ONLY_EXISTS,
                               CKR_SESSION_READ_WRITE_SO_EXISTS,
                               CKR_SIGNATURE_INVALID,
                               CKR_SIGNATURE_LEN_RANGE,
                               CKR_TEMPLATE_INCOMPLETE,
                               CKR_TEMPLATE_INCONSISTENT,
                               CKR_TOKEN_NOT_PRESENT,
                               CKR_TOKEN_NOT_RECOGNIZED,
                               CKR_TOKEN_WRITE_PROTECTED,
                               CKR_UNWRAPPING_KEY_HANDLE_INVALID,
                               CKR_UNWRAPPING_KEY_SIZE_RANGE,
                               CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT,
                               CKR_USER_ALREADY_LOGGED_IN,
                               CKR_USER_NOT_LOGGED_IN,
                               CKR_USER_PIN_NOT_INITIALIZED,
                               CKR_USER_TYPE_INVALID,
                               CKR_USER_ANOTHER_ALREADY_LOGGED_IN,
                               CKR_USER_TOO_MANY_TYPES,
                               CKR_WRAPPED_KEY_INVALID,
                               CKR_WRAPPED_KEY_LEN_RANGE,
                               CKR_WRAPPING_KEY_HANDLE_INVALID,
                               CKR_WRAPPING_KEY_SIZE_RANGE,
                               CKR_WRAPPING_KEY_TYPE_INCONSISTENT,
                               CKR_RANDOM_SEED_NOT_SUPPORTED,
                               CKR_RANDOM_NO_RNG,
                               CKR_DOMAIN_PARAMS_INVALID,
                               CKR_CURVE_NOT_SUPPORTED,
                               CKR_BUFFER_TOO_SMALL,
                               CKR_SAVED_STATE_INVALID,
                               CKR_INFORMATION_SENSITIVE,
                               CKR_STATE_UNSAVEABLE,
                               CKR_CRYPTOKI_NOT_INITIALIZED,
                               CKR_CRYPTOKI_ALREADY_INITIALIZED,
                               CKR_MUTEX_BAD,
                               CKR_MUTEX_NOT_LOCKED,
                               CKR_FUNCTION_REJECTED,
                               kTokenResourceExceeded,
                               kOperationCancelFailed,
                               kKeyExhausted};

}  // namespace

std::span<const CK_RV> PermittedCodesOf(std::size_t function) noexcept {
  static const auto& codes = *[] {
    auto* made = new std::array<std::vector<CK_RV>, kFunctionCount>();
    for (const Row& row : Rows()) (*made)[row.function] = Whole(row);
    return made;
  }();
  return codes[function];
}

std::span<const CK_RV> CodesOf3(std::size_t function) noexcept {
  static constexpr CK_RV kOfInit[] = {kTokenResourceExceeded, kOperationCancelFailed};
  static constexpr CK_RV kOfSign[] = {kTokenResourceExceeded, kKeyExhausted};
  static constexpr CK_RV kOfOthers[] = {kTokenResourceExceeded};
  switch (function) {
    case kC_SignInit:
    case kC_DecryptInit:
    case kC_FindObjectsInit:
      return kOfInit;
    case kC_Sign:
      return kOfSign;
    case kC_Decrypt:
    case kC_DeriveKey:
    case kC_CreateObject:
    case kC_GenerateKeyPair:
      return kOfOthers;
    default:
      return {};
  }
}

std::span<const CK_RV> AllCodesOfStandard() noexcept { return kAllCodes; }

}  // namespace signet::testing

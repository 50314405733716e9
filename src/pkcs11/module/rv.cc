#include "pkcs11/module/rv.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

namespace signet::inline pkcs11 {
namespace {

using enum Staleness;
using enum ErrorCode;

constexpr const char* kFiles = "Check that this user may read the module's configuration and files.";
constexpr const char* kNoReason =
    "Check that the token's device or service is available and that this user may access it; the module's "
    "log may have details.";
constexpr const char* kAgain =
    "Try again; if the error persists, restart the token's service or reinsert the card.";
constexpr const char* kReinsert = "Reinsert the token.";
constexpr const char* kReport = "Enable the call log and check the calls to the module.";
constexpr const char* kOtherData = "Check that the data was encrypted for this key, with this padding.";
constexpr const char* kOtherToken = "Configure the token with the vendor's tool, or use another token.";
constexpr const char* kOtherKey = "Use a key that allows this operation.";

// clang-format off
constexpr RvRow kRows[] = {
    {CKR_OK, "CKR_OK", kNone, kInternal, "no error", ""},
    {CKR_CANCEL, "CKR_CANCEL", kNone, kTokenTrouble, "the operation was cancelled", kAgain},
    {CKR_HOST_MEMORY, "CKR_HOST_MEMORY", kUnknown, kModuleTrouble, "the module is out of memory", kAgain},
    {CKR_SLOT_ID_INVALID, "CKR_SLOT_ID_INVALID", kPlace, kTokenAbsent, "the token's slot no longer exists", kReinsert},
    {CKR_GENERAL_ERROR, "CKR_GENERAL_ERROR", kUnknown, kTokenTrouble, "the module failed without a specific reason", kNoReason},
    {CKR_FUNCTION_FAILED, "CKR_FUNCTION_FAILED", kUnknown, kTokenTrouble, "the token's function failed", kAgain},
    {CKR_ARGUMENTS_BAD, "CKR_ARGUMENTS_BAD", kNone, kModuleTrouble, "the module rejected the arguments", kReport},
    {CKR_CANT_LOCK, "CKR_CANT_LOCK", kNone, kModuleTrouble, "the module does not support threads", kReport},
    {CKR_ATTRIBUTE_SENSITIVE, "CKR_ATTRIBUTE_SENSITIVE", kNone, kTokenTrouble, "the token does not reveal this value", kReport},
    {CKR_ATTRIBUTE_TYPE_INVALID, "CKR_ATTRIBUTE_TYPE_INVALID", kNone, kModuleTrouble, "the object has no such attribute", kReport},
    {CKR_ATTRIBUTE_VALUE_INVALID, "CKR_ATTRIBUTE_VALUE_INVALID", kNone, kModuleTrouble, "the module rejected an attribute", kReport},
    {CKR_ACTION_PROHIBITED, "CKR_ACTION_PROHIBITED", kNone, kTokenTrouble, "the token's policy forbids it", kOtherKey},
    {CKR_DATA_INVALID, "CKR_DATA_INVALID", kNone, kTokenTrouble, "the token rejected the data", kReport},
    {CKR_DATA_LEN_RANGE, "CKR_DATA_LEN_RANGE", kNone, kTokenTrouble, "the token rejected data of this length", kReport},
    {CKR_DEVICE_ERROR, "CKR_DEVICE_ERROR", kUnknown, kTokenTrouble, "the device reports a fault", kAgain},
    {CKR_DEVICE_MEMORY, "CKR_DEVICE_MEMORY", kUnknown, kTokenTrouble, "the device has no memory left", kAgain},
    {CKR_DEVICE_REMOVED, "CKR_DEVICE_REMOVED", kPlace, kTokenAbsent, "the token was removed", kReinsert},
    {CKR_ENCRYPTED_DATA_INVALID, "CKR_ENCRYPTED_DATA_INVALID", kNone, kBadArgument, "the token found the encrypted data malformed", kOtherData},
    {CKR_ENCRYPTED_DATA_LEN_RANGE, "CKR_ENCRYPTED_DATA_LEN_RANGE", kNone, kBadArgument, "the token found the encrypted data too short or too long", kOtherData},
    {CKR_FUNCTION_CANCELED, "CKR_FUNCTION_CANCELED", kNone, kTokenTrouble, "the operation was cancelled", kAgain},
    {CKR_FUNCTION_NOT_SUPPORTED, "CKR_FUNCTION_NOT_SUPPORTED", kNone, kUnsupported, "the module does not support the function", kOtherKey},
    {CKR_KEY_HANDLE_INVALID, "CKR_KEY_HANDLE_INVALID", kObjects, kTokenTrouble, "the key's handle is no longer valid", kAgain},
    {CKR_KEY_SIZE_RANGE, "CKR_KEY_SIZE_RANGE", kNone, kUnsupported, "the mechanism does not support the key's size", kOtherKey},
    {CKR_KEY_TYPE_INCONSISTENT, "CKR_KEY_TYPE_INCONSISTENT", kNone, kUnsupported, "the mechanism does not support the key's type", kOtherKey},
    {CKR_KEY_FUNCTION_NOT_PERMITTED, "CKR_KEY_FUNCTION_NOT_PERMITTED", kNone, kNoSigningKey, "the token does not let this key sign", kOtherKey},
    {CKR_MECHANISM_INVALID, "CKR_MECHANISM_INVALID", kNone, kUnsupported, "the token does not support the mechanism", kOtherKey},
    {CKR_MECHANISM_PARAM_INVALID, "CKR_MECHANISM_PARAM_INVALID", kNone, kUnsupported, "the token does not accept these parameters", kOtherKey},
    {CKR_OBJECT_HANDLE_INVALID, "CKR_OBJECT_HANDLE_INVALID", kObjects, kTokenTrouble, "the object's handle is no longer valid", kAgain},
    {CKR_OPERATION_ACTIVE, "CKR_OPERATION_ACTIVE", kOperation, kModuleTrouble, "the session has another active operation", kReport},
    {CKR_OPERATION_NOT_INITIALIZED, "CKR_OPERATION_NOT_INITIALIZED", kOperation, kModuleTrouble, "the session lost the operation", kReport},
    {CKR_PIN_INCORRECT, "CKR_PIN_INCORRECT", kNone, kWrongPin, "the PIN is wrong", "Check the PIN; it is not sent again."},
    {CKR_PIN_INVALID, "CKR_PIN_INVALID", kNone, kWrongPin, "the PIN has characters that the token does not accept", "Check the PIN; it is not sent again."},
    {CKR_PIN_LEN_RANGE, "CKR_PIN_LEN_RANGE", kNone, kWrongPin, "the PIN is too short or too long", "Check the PIN; it is not sent again."},
    {CKR_PIN_EXPIRED, "CKR_PIN_EXPIRED", kNone, kTokenTrouble, "the PIN has expired and must be changed", "Set a new PIN: signet token set-pin."},
    {CKR_PIN_LOCKED, "CKR_PIN_LOCKED", kNone, kPinLocked, "the PIN is locked", "Have the security officer reset the PIN, or use the PUK."},
    {CKR_SESSION_CLOSED, "CKR_SESSION_CLOSED", kSession, kTokenTrouble, "the session was closed", kAgain},
    {CKR_SESSION_COUNT, "CKR_SESSION_COUNT", kNone, kTokenTrouble, "the token has no free session", "Close other programs that use the token."},
    {CKR_SESSION_HANDLE_INVALID, "CKR_SESSION_HANDLE_INVALID", kSession, kTokenTrouble, "the session's handle is no longer valid", kAgain},
    {CKR_SESSION_PARALLEL_NOT_SUPPORTED, "CKR_SESSION_PARALLEL_NOT_SUPPORTED", kNone, kModuleTrouble, "the module rejected the session", kReport},
    {CKR_SESSION_READ_ONLY, "CKR_SESSION_READ_ONLY", kNone, kTokenTrouble, "the session is read-only", kReport},
    {CKR_SESSION_EXISTS, "CKR_SESSION_EXISTS", kNone, kTokenTrouble, "other sessions are open", "Close other programs that use the token."},
    {CKR_SESSION_READ_ONLY_EXISTS, "CKR_SESSION_READ_ONLY_EXISTS", kNone, kTokenTrouble, "other sessions are open", "Close other programs that use the token."},
    {CKR_SESSION_READ_WRITE_SO_EXISTS, "CKR_SESSION_READ_WRITE_SO_EXISTS", kNone, kTokenTrouble, "the security officer is logged in", "Close the program in which the security officer is logged in."},
    {CKR_TEMPLATE_INCOMPLETE, "CKR_TEMPLATE_INCOMPLETE", kNone, kModuleTrouble, "the module rejected the template", kReport},
    {CKR_TEMPLATE_INCONSISTENT, "CKR_TEMPLATE_INCONSISTENT", kNone, kModuleTrouble, "the module rejected the template", kReport},
    {CKR_TOKEN_NOT_PRESENT, "CKR_TOKEN_NOT_PRESENT", kPlace, kTokenAbsent, "the token is absent", kReinsert},
    {CKR_TOKEN_NOT_RECOGNIZED, "CKR_TOKEN_NOT_RECOGNIZED", kPlace, kTokenTrouble, "the module does not recognise the token", "Check that the module is the one for this token."},
    {CKR_TOKEN_WRITE_PROTECTED, "CKR_TOKEN_WRITE_PROTECTED", kNone, kTokenTrouble, "the token is write-protected", kReport},
    {CKR_USER_ALREADY_LOGGED_IN, "CKR_USER_ALREADY_LOGGED_IN", kNone, kTokenTrouble, "the user is logged in already", kReport},
    {CKR_USER_NOT_LOGGED_IN, "CKR_USER_NOT_LOGGED_IN", kLogin, kPinNeeded, "the token requires a login", "Give the token's PIN: pin-source in the URI, the token-pin setting, or a prompt."},
    {CKR_USER_PIN_NOT_INITIALIZED, "CKR_USER_PIN_NOT_INITIALIZED", kNone, kTokenTrouble, "the token has no user PIN yet", "Set one: signet token set-pin."},
    {CKR_USER_TYPE_INVALID, "CKR_USER_TYPE_INVALID", kNone, kModuleTrouble, "the module does not know this kind of login", kReport},
    {CKR_USER_ANOTHER_ALREADY_LOGGED_IN, "CKR_USER_ANOTHER_ALREADY_LOGGED_IN", kNone, kTokenTrouble, "another user is logged in", "Close the program in which the security officer is logged in."},
    {CKR_USER_TOO_MANY_TYPES, "CKR_USER_TOO_MANY_TYPES", kNone, kTokenTrouble, "the token accepts no further login", "Close other programs that use the token."},
    {CKR_DOMAIN_PARAMS_INVALID, "CKR_DOMAIN_PARAMS_INVALID", kNone, kUnsupported, "the token does not support the curve", kOtherKey},
    {CKR_CURVE_NOT_SUPPORTED, "CKR_CURVE_NOT_SUPPORTED", kNone, kUnsupported, "the token does not support the curve", kOtherKey},
    {CKR_BUFFER_TOO_SMALL, "CKR_BUFFER_TOO_SMALL", kNone, kModuleTrouble, "the module requires an unexpectedly large buffer", kReport},
    {CKR_CRYPTOKI_NOT_INITIALIZED, "CKR_CRYPTOKI_NOT_INITIALIZED", kModule, kModuleTrouble, "the module is not initialised, or was finalised by another part of the program", "Make sure that no other code calls C_Finalize while the module is in use."},
    {CKR_CRYPTOKI_ALREADY_INITIALIZED, "CKR_CRYPTOKI_ALREADY_INITIALIZED", kNone, kModuleTrouble, "the module is initialised already", kReport},
    {CKR_MUTEX_BAD, "CKR_MUTEX_BAD", kNone, kModuleTrouble, "the module misused a lock", kReport},
    {CKR_LIBRARY_LOAD_FAILED, "CKR_LIBRARY_LOAD_FAILED", kNone, kModuleTrouble, "the module could not load a library that it needs", kFiles},
    {CKR_PIN_TOO_WEAK, "CKR_PIN_TOO_WEAK", kNone, kTokenTrouble, "the PIN is too weak for the token", "Choose a longer PIN."},
    {kCkrTokenResourceExceeded, "CKR_TOKEN_RESOURCE_EXCEEDED", kUnknown, kTokenTrouble, "the token has no free resources", kAgain},
    {kCkrOperationCancelFailed, "CKR_OPERATION_CANCEL_FAILED", kOperation, kModuleTrouble, "the session could not end an operation", kAgain},
    {kCkrKeyExhausted, "CKR_KEY_EXHAUSTED", kNone, kNoSigningKey, "the key cannot make any more signatures", kOtherKey},
    {CKR_FUNCTION_REJECTED, "CKR_FUNCTION_REJECTED", kNone, kTokenTrouble, "the user rejected the operation at the reader", kAgain},
    {CKR_NO_EVENT, "CKR_NO_EVENT", kNone, kModuleTrouble, "no slot has changed", kReport},
    {CKR_NEED_TO_CREATE_THREADS, "CKR_NEED_TO_CREATE_THREADS", kNone, kModuleTrouble, "the module needs permission to create threads", kReport},
    {CKR_ATTRIBUTE_READ_ONLY, "CKR_ATTRIBUTE_READ_ONLY", kNone, kModuleTrouble, "the token sets an attribute itself and accepts no value for it", kReport},
    {kCkrAeadDecryptFailed, "CKR_AEAD_DECRYPT_FAILED", kNone, kBadArgument, "the encrypted data has an invalid authentication tag", kOtherData},
    {CKR_FUNCTION_NOT_PARALLEL, "CKR_FUNCTION_NOT_PARALLEL", kNone, kModuleTrouble, "the session has no active parallel function", kReport},
    {CKR_KEY_NOT_NEEDED, "CKR_KEY_NOT_NEEDED", kNone, kModuleTrouble, "the module was given a key that it does not need", kReport},
    {CKR_KEY_CHANGED, "CKR_KEY_CHANGED", kNone, kModuleTrouble, "the key differs from the key of the saved operation", kReport},
    {CKR_KEY_NEEDED, "CKR_KEY_NEEDED", kNone, kModuleTrouble, "the module requires the key of the saved operation", kReport},
    {CKR_KEY_INDIGESTIBLE, "CKR_KEY_INDIGESTIBLE", kNone, kUnsupported, "the token cannot hash this key", kOtherKey},
    {CKR_KEY_NOT_WRAPPABLE, "CKR_KEY_NOT_WRAPPABLE", kNone, kUnsupported, "the token cannot export this key", kOtherKey},
    {CKR_KEY_UNEXTRACTABLE, "CKR_KEY_UNEXTRACTABLE", kNone, kUnsupported, "the key may not leave the token", kOtherKey},
    {CKR_SIGNATURE_INVALID, "CKR_SIGNATURE_INVALID", kNone, kTokenTrouble, "the signature is invalid", kReport},
    {CKR_SIGNATURE_LEN_RANGE, "CKR_SIGNATURE_LEN_RANGE", kNone, kTokenTrouble, "the signature is too short or too long", kReport},
    {CKR_UNWRAPPING_KEY_HANDLE_INVALID, "CKR_UNWRAPPING_KEY_HANDLE_INVALID", kObjects, kTokenTrouble, "the unwrapping key's handle is no longer valid", kAgain},
    {CKR_UNWRAPPING_KEY_SIZE_RANGE, "CKR_UNWRAPPING_KEY_SIZE_RANGE", kNone, kUnsupported, "the mechanism does not support the unwrapping key's size", kOtherKey},
    {CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT, "CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT", kNone, kUnsupported, "the mechanism does not support the unwrapping key's type", kOtherKey},
    {CKR_WRAPPED_KEY_INVALID, "CKR_WRAPPED_KEY_INVALID", kNone, kBadArgument, "the wrapped key is malformed", kOtherData},
    {CKR_WRAPPED_KEY_LEN_RANGE, "CKR_WRAPPED_KEY_LEN_RANGE", kNone, kBadArgument, "the wrapped key is too short or too long", kOtherData},
    {CKR_WRAPPING_KEY_HANDLE_INVALID, "CKR_WRAPPING_KEY_HANDLE_INVALID", kObjects, kTokenTrouble, "the wrapping key's handle is no longer valid", kAgain},
    {CKR_WRAPPING_KEY_SIZE_RANGE, "CKR_WRAPPING_KEY_SIZE_RANGE", kNone, kUnsupported, "the mechanism does not support the wrapping key's size", kOtherKey},
    {CKR_WRAPPING_KEY_TYPE_INCONSISTENT, "CKR_WRAPPING_KEY_TYPE_INCONSISTENT", kNone, kUnsupported, "the mechanism does not support the wrapping key's type", kOtherKey},
    {CKR_RANDOM_SEED_NOT_SUPPORTED, "CKR_RANDOM_SEED_NOT_SUPPORTED", kNone, kUnsupported, "the token's random number generator accepts no seed", kOtherToken},
    {CKR_RANDOM_NO_RNG, "CKR_RANDOM_NO_RNG", kNone, kUnsupported, "the token has no random number generator", kOtherToken},
    {CKR_SAVED_STATE_INVALID, "CKR_SAVED_STATE_INVALID", kNone, kModuleTrouble, "the token does not accept the saved operation", kReport},
    {CKR_INFORMATION_SENSITIVE, "CKR_INFORMATION_SENSITIVE", kNone, kTokenTrouble, "the token does not reveal this value", kReport},
    {CKR_STATE_UNSAVEABLE, "CKR_STATE_UNSAVEABLE", kNone, kUnsupported, "the token cannot save the operation", kReport},
    {CKR_MUTEX_NOT_LOCKED, "CKR_MUTEX_NOT_LOCKED", kNone, kModuleTrouble, "the module misused a lock", kReport},
    {CKR_NEW_PIN_MODE, "CKR_NEW_PIN_MODE", kNone, kTokenTrouble, "the token requires a new PIN first", "Set a new PIN: signet token set-pin."},
    {CKR_NEXT_OTP, "CKR_NEXT_OTP", kNone, kTokenTrouble, "the token requires its next one-time password", kAgain},
    {CKR_EXCEEDED_MAX_ITERATIONS, "CKR_EXCEEDED_MAX_ITERATIONS", kNone, kTokenTrouble, "the token found no parameters for the key", kAgain},
    {CKR_FIPS_SELF_TEST_FAILED, "CKR_FIPS_SELF_TEST_FAILED", kNone, kModuleTrouble, "the module failed its self-test", "Reinstall the module, or use another."},
    {CKR_PUBLIC_KEY_INVALID, "CKR_PUBLIC_KEY_INVALID", kNone, kBadArgument, "the public key is invalid", "Check the peer's key."},
    {kCkrPending, "CKR_PENDING", kNone, kModuleTrouble, "the module started an asynchronous operation, which was not requested", kReport},
    {kCkrSessionAsyncNotSupported, "CKR_SESSION_ASYNC_NOT_SUPPORTED", kNone, kModuleTrouble, "the module rejected the session", kReport},
    {kCkrSeedRandomRequired, "CKR_SEED_RANDOM_REQUIRED", kNone, kTokenTrouble, "the token's random number generator needs a seed first", kOtherToken},
    {kCkrOperationNotValidated, "CKR_OPERATION_NOT_VALIDATED", kNone, kTokenTrouble, "the token does not vouch for this use of the key", kOtherKey},
    {kCkrTokenNotInitialized, "CKR_TOKEN_NOT_INITIALIZED", kNone, kTokenTrouble, "the token is not initialised", "Initialise it: signet token init."},
    {kCkrParameterSetNotSupported, "CKR_PARAMETER_SET_NOT_SUPPORTED", kNone, kUnsupported, "the token does not support these parameters of the key", kOtherKey},
};
// clang-format on

constexpr RvRow kOtherRow = {CKR_VENDOR_DEFINED,
                             nullptr,
                             kNone,
                             kTokenTrouble,
                             "the module failed with a vendor-defined code",
                             "Look the code up in the module's manual."};

}  // namespace

const RvRow& RowOfRv(CK_RV rv) noexcept {
  const auto* row = std::ranges::find(kRows, rv, &RvRow::rv);
  return row != std::end(kRows) ? *row : kOtherRow;
}

std::string RvName(CK_RV rv) {
  const RvRow& row = RowOfRv(rv);
  return row.name != nullptr ? row.name : fmt::format("CKR {:#x}", rv);
}

Error RvError(CK_RV rv, std::string_view call, std::string_view token) {
  const RvRow& row = RowOfRv(rv);
  return Error({.code = row.code,
                .detail = token.empty() ? row.detail : fmt::format("token {}: {}", token, row.detail),
                .call = std::string(call),
                .native = {NativeCode::Kind::kPkcs11, rv, RvName(rv)},
                .token = std::string(token),
                .hint = row.hint});
}

CK_RV RvOf(const Error& error) noexcept {
  return error.native().kind == NativeCode::Kind::kPkcs11 ? error.native().value : CKR_OK;
}

Staleness StalenessOf(const Error& error) noexcept { return RowOfRv(RvOf(error)).staleness; }

}  // namespace signet::inline pkcs11

#include "pkcs11/admin/admin_error.h"

#include "pkcs11/module/rv.h"

namespace signet {
namespace {

// Meaning is what a refusal says to somebody who changes a token, where it differs from what it says to a
// signer.
struct Meaning {
  CK_RV result;
  ErrorCode code;
  const char* detail;
  const char* mend;
};

constexpr const char* kOtherKind = "Choose another type of key.";

constexpr Meaning kMeanings[] = {
    {CKR_MECHANISM_INVALID, ErrorCode::kUnsupported, "the token cannot make such a key", kOtherKind},
    {CKR_ATTRIBUTE_VALUE_INVALID, ErrorCode::kUnsupported, "the token does not take such an object",
     kOtherKind},
    {CKR_TEMPLATE_INCONSISTENT, ErrorCode::kUnsupported, "the token does not take such an object",
     kOtherKind},
    {CKR_KEY_SIZE_RANGE, ErrorCode::kUnsupported, "the token makes no keys of this size",
     "Choose another size."},
    {CKR_PIN_INVALID, ErrorCode::kWrongPin, "the token does not take these characters in a PIN",
     "Give a PIN that it takes."},
    {CKR_PIN_LEN_RANGE, ErrorCode::kWrongPin, "the PIN is too short or too long for the token",
     "Give a PIN of a length that it takes."},
};

}  // namespace

void CheckAdmin(CK_RV result, std::string_view call, ErrorCode otherwise) {
  if (result == CKR_OK) return;
  const Error error = RvError(result, call, {});
  for (const Meaning& meaning : kMeanings) {
    if (meaning.result != result) continue;
    throw Error({.code = meaning.code,
                 .detail = meaning.detail,
                 .call = error.call(),
                 .native = error.native(),
                 .mend = meaning.mend});
  }
  if (error.code() != ErrorCode::kTokenTrouble || otherwise == ErrorCode::kTokenTrouble) throw error;
  throw Error({.code = otherwise,
               .detail = error.detail(),
               .call = error.call(),
               .native = error.native(),
               .mend = error.mend()});
}

}  // namespace signet

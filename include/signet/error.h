#pragma once

#include <signet/export.h>

#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

namespace signet {

// ErrorCode is the type of an error. The first nineteen are the `what` of a problem in
// `signet list --json`.
enum class ErrorCode {
  kCertificateOnly,
  kKeyOnly,
  kNoSigningKey,
  kKeyCertificateMismatch,
  kWrongPassword,
  kWrongPin,
  kPinNeeded,
  kPinLocked,
  kPinFinalTry,
  kMalformed,
  kTooCostly,
  kUnsupported,
  kNotFound,
  kAmbiguous,
  kUnreadable,
  kTokenAbsent,
  kTokenTrouble,
  kModuleTrouble,
  kBadUri,
  kBadSetting,       // an unknown setting or an invalid value
  kBadArgument,      // the caller broke the contract of a function
  kTimeout,          // a call into a PKCS#11 module took longer than the setting allows
  kHandshake,        // the TLS handshake failed
  kUntrustedServer,  // the server's certificate could not be verified
  kNetwork,          // no connection, or it broke
  kInternal,         // a defect of Signet or of a library
  kApplication,      // the program's own key or source failed
};

// Name returns the code's stable name: "wrong-pin".
SIGNET_EXPORT std::string_view Name(ErrorCode code) noexcept;

// NativeCode is the number that the failed call returned, and its type.
struct NativeCode {
  // Kind is the type of the number.
  enum class Kind { kNone, kPkcs11, kOpenSsl, kErrno };
  Kind kind = Kind::kNone;  // kNone: there is no number
  unsigned long value = 0;  // CKR_..., errno, or what ERR_get_error gives
  std::string name;         // "CKR_PIN_INCORRECT", or the library's text
};

// Error is the one exception class of Signet. what() is one line: the detail, the failed call and the hint.
// No part of it ever contains a PIN or password. Immutable; copies share what they hold and never throw.
class SIGNET_EXPORT Error : public std::exception {
 public:
  // Fields are the parts of an error; unknown parts are empty.
  struct Fields {
    ErrorCode code = ErrorCode::kInternal;  // the kind of failure
    std::string detail;                     // the cause, one sentence without full stop, lower case
    std::string call;                       // the call that failed: "C_Login", "PKCS12_verify_mac"
    NativeCode native;                      // what that call returned
    std::string token;                      // label of the token concerned
    std::string uri;                        // URI concerned, without its pin-value
    std::string hint;                       // advice, an imperative sentence
  };

  // Error adds the code's general hint if `fields` has none.
  explicit Error(Fields fields);
  // A move is a copy: an error always has its fields.
  Error(const Error&) noexcept = default;
  Error& operator=(const Error&) noexcept = default;
  ~Error() override = default;

  // code, detail, call, native, token, uri and hint are the fields.
  ErrorCode code() const noexcept { return fields().code; }
  const std::string& detail() const noexcept { return fields().detail; }
  const std::string& call() const noexcept { return fields().call; }
  const NativeCode& native() const noexcept { return fields().native; }
  const std::string& token() const noexcept { return fields().token; }
  const std::string& uri() const noexcept { return fields().uri; }
  const std::string& hint() const noexcept { return fields().hint; }
  // fields gives all of them, for another error that differs in one or two.
  const Fields& fields() const noexcept { return state_->fields; }
  // what is one line: the detail, the failed call and the hint.
  const char* what() const noexcept override { return state_->what.c_str(); }

  // WithUri returns the same error naming `uri`, unless it names one already.
  Error WithUri(std::string_view uri) const;

 private:
  struct State {
    Fields fields;
    std::string what;
  };
  std::shared_ptr<const State> state_;
};
static_assert(std::is_nothrow_copy_constructible_v<Error> && std::is_nothrow_copy_assignable_v<Error>);

}  // namespace signet

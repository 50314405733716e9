#pragma once

#include <signet/export.h>

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

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
};

// Name returns the code's stable name: "wrong-pin".
SIGNET_EXPORT std::string_view Name(ErrorCode code) noexcept;

// NativeCode is the number that the failed call returned, and its type.
struct NativeCode {
  enum class Kind { kNone, kPkcs11, kOpenSsl, kErrno };
  Kind kind = Kind::kNone;
  unsigned long value = 0;
  std::string name;  // "CKR_PIN_INCORRECT", or the library's text
};

// Error is the one exception class of Signet. what() is one line: the detail, the failed call and the hint.
// No part of it ever contains a PIN or password.
class SIGNET_EXPORT Error : public std::exception {
 public:
  struct Fields {
    ErrorCode code = ErrorCode::kInternal;
    std::string detail;  // the cause, one sentence without full stop, lower case
    std::string call;    // the call that failed: "C_Login", "PKCS12_verify_mac"
    NativeCode native;
    std::string token;  // label of the token concerned
    std::string uri;    // URI concerned, without its pin-value
    std::string hint;   // advice, an imperative sentence
  };

  explicit Error(Fields fields);

  ErrorCode code() const noexcept { return fields_.code; }
  const std::string& detail() const noexcept { return fields_.detail; }
  const std::string& call() const noexcept { return fields_.call; }
  const NativeCode& native() const noexcept { return fields_.native; }
  const std::string& token() const noexcept { return fields_.token; }
  const std::string& uri() const noexcept { return fields_.uri; }
  const std::string& hint() const noexcept { return fields_.hint; }
  const char* what() const noexcept override { return what_.c_str(); }

  // WithUri returns the same error naming `uri`, unless it names one already.
  Error WithUri(std::string_view uri) const;

 private:
  Fields fields_;
  std::string what_;
};

}  // namespace signet

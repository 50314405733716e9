#include "c_abi/guard.h"

#include <exception>
#include <iterator>
#include <memory>
#include <new>

namespace signet::c_abi {
namespace {

// The two enums have the same values: what is added to one is added to the other.
struct CodeRow {
  ErrorCode code;
  signet_error_code exported;
};
constexpr CodeRow kCodes[] = {
    {ErrorCode::kCertificateOnly, SIGNET_ERROR_CERTIFICATE_ONLY},
    {ErrorCode::kKeyOnly, SIGNET_ERROR_KEY_ONLY},
    {ErrorCode::kNoSigningKey, SIGNET_ERROR_NO_SIGNING_KEY},
    {ErrorCode::kKeyCertificateMismatch, SIGNET_ERROR_KEY_CERTIFICATE_MISMATCH},
    {ErrorCode::kWrongPassword, SIGNET_ERROR_WRONG_PASSWORD},
    {ErrorCode::kWrongPin, SIGNET_ERROR_WRONG_PIN},
    {ErrorCode::kPinNeeded, SIGNET_ERROR_PIN_NEEDED},
    {ErrorCode::kPinLocked, SIGNET_ERROR_PIN_LOCKED},
    {ErrorCode::kPinFinalTry, SIGNET_ERROR_PIN_FINAL_TRY},
    {ErrorCode::kMalformed, SIGNET_ERROR_MALFORMED},
    {ErrorCode::kTooCostly, SIGNET_ERROR_TOO_COSTLY},
    {ErrorCode::kUnsupported, SIGNET_ERROR_UNSUPPORTED},
    {ErrorCode::kNotFound, SIGNET_ERROR_NOT_FOUND},
    {ErrorCode::kAmbiguous, SIGNET_ERROR_AMBIGUOUS},
    {ErrorCode::kUnreadable, SIGNET_ERROR_UNREADABLE},
    {ErrorCode::kTokenAbsent, SIGNET_ERROR_TOKEN_ABSENT},
    {ErrorCode::kTokenTrouble, SIGNET_ERROR_TOKEN_TROUBLE},
    {ErrorCode::kModuleTrouble, SIGNET_ERROR_MODULE_TROUBLE},
    {ErrorCode::kBadUri, SIGNET_ERROR_BAD_URI},
    {ErrorCode::kBadSetting, SIGNET_ERROR_BAD_SETTING},
    {ErrorCode::kBadArgument, SIGNET_ERROR_BAD_ARGUMENT},
    {ErrorCode::kTimeout, SIGNET_ERROR_TIMEOUT},
    {ErrorCode::kHandshake, SIGNET_ERROR_HANDSHAKE},
    {ErrorCode::kUntrustedServer, SIGNET_ERROR_UNTRUSTED_SERVER},
    {ErrorCode::kNetwork, SIGNET_ERROR_NETWORK},
    {ErrorCode::kInternal, SIGNET_ERROR_INTERNAL},
    {ErrorCode::kApplication, SIGNET_ERROR_APPLICATION},
};
static_assert(std::size(kCodes) == static_cast<std::size_t>(ErrorCode::kApplication) + 1);

constexpr bool InOrder() {
  for (std::size_t i = 0; i < std::size(kCodes); ++i) {
    if (static_cast<std::size_t>(kCodes[i].code) != i || static_cast<std::size_t>(kCodes[i].exported) != i)
      return false;
  }
  return true;
}
static_assert(InOrder(), "the binary interface fixes the values");

// Made before memory is short, by the first error of the process.
struct Reserve {
  signet_error error{Error({.code = ErrorCode::kInternal,
                            .detail = "out of memory",
                            .hint = "Free memory, or raise the limit of the process."})};
};
Reserve* reserve() noexcept {
  try {
    static Reserve& made = *std::make_unique<Reserve>()
                                .release();  // no exit handler: errors may be freed while the process exits
    return &made;
  } catch (...) {
    return nullptr;
  }
}

}  // namespace

signet_error* OutOfMemory() noexcept {
  Reserve* made = reserve();
  return made == nullptr ? nullptr : &made->error;
}

signet_error* Raised() noexcept {
  try {
    try {
      throw;
    } catch (const Error& error) {
      return Made(signet_error{error});
    } catch (const std::bad_alloc&) {
      return OutOfMemory();
    } catch (const std::exception& error) {
      return Made(signet_error{Error({.detail = error.what()})});
    } catch (...) {
      return Made(signet_error{Error({.detail = "an unknown exception"})});
    }
  } catch (...) {
    return OutOfMemory();
  }
}

}  // namespace signet::c_abi

using signet::c_abi::OutOfMemory;

extern "C" {

signet_error_code signet_error_get_code(const signet_error* error) {
  return error == nullptr ? SIGNET_ERROR_INTERNAL : static_cast<signet_error_code>(error->error.code());
}

const char* signet_error_name(const signet_error* error) {
  return signet::Name(error == nullptr ? signet::ErrorCode::kInternal : error->error.code()).data();
}

const char* signet_error_message(const signet_error* error) {
  return error == nullptr ? "" : error->error.what();
}

const char* signet_error_detail(const signet_error* error) {
  return error == nullptr ? "" : error->error.detail().c_str();
}

const char* signet_error_hint(const signet_error* error) {
  return error == nullptr ? "" : error->error.hint().c_str();
}

const char* signet_error_uri(const signet_error* error) {
  return error == nullptr ? "" : error->error.uri().c_str();
}

const char* signet_error_token(const signet_error* error) {
  return error == nullptr ? "" : error->error.token().c_str();
}

unsigned long signet_error_native_code(const signet_error* error) {
  return error == nullptr ? 0 : error->error.native().value;
}

signet_error* signet_error_new(signet_error_code code, const char* detail, const char* hint) {
  const bool known = code >= SIGNET_ERROR_CERTIFICATE_ONLY && code <= SIGNET_ERROR_INTERNAL;
  return signet::c_abi::Guard(nullptr, static_cast<signet_error*>(nullptr), [&] {
    return signet::c_abi::Made(signet_error{
        signet::Error({.code = known ? static_cast<signet::ErrorCode>(code) : signet::ErrorCode::kInternal,
                       .detail = detail != nullptr ? detail : "",
                       .hint = hint != nullptr ? hint : ""})});
  });
}

void signet_error_free(signet_error* error) {
  if (error != OutOfMemory()) signet::c_abi::Freed(error);
}

}  // extern "C"

#pragma once

#include "pkcs11/admin/key_spec.h"
#include <signet/secret.h>
#include <signet/settings.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace signet::inline pkcs11 {

struct TokenHandle;  // the open module and the slot: token_handle.h

// TokenPlace is a slot with a token, initialised or blank, as it was when it was found. It keeps the module
// open. Copies share it.
struct TokenPlace {
  std::string label;
  std::string serial;
  bool initialised = false;
  bool reader_asks = false;        // CKF_PROTECTED_AUTHENTICATION_PATH
  bool count_low = false;          // CKF_USER_PIN_COUNT_LOW
  bool final_try = false;          // CKF_USER_PIN_FINAL_TRY
  bool locked = false;             // CKF_USER_PIN_LOCKED
  bool officer_final_try = false;  // CKF_SO_PIN_FINAL_TRY
  std::shared_ptr<const TokenHandle> handle;
};

// PinToSend is a PIN that the token has. `pin` is absent where the reader's own pad asks for it. A token that
// reports its final try gets the PIN only with `allow_final_try`.
struct PinToSend {
  std::optional<Secret> pin;
  bool allow_final_try = false;

  PinToSend Clone() const {
    return {.pin = pin ? std::optional<Secret>(pin->Clone()) : std::nullopt,
            .allow_final_try = allow_final_try};
  }
};

// FindTokens gives the initialised tokens of the modules that the settings name, or of all that p11-kit has
// configured, except for trust modules. Throws Error when a module that the settings name does not work;
// configured modules that do not work are skipped.
std::vector<TokenPlace> FindTokens(const Settings& settings);

// FindPlaceFor gives the place for a new token with this label: a blank token, or with `overwrite` the token
// that has the label. Throws Error before anything is changed: kBadArgument for a label that is not 1 to 32
// bytes, kAmbiguous for a label that is taken (without `overwrite`) and where it is not clear which token is
// meant, kTokenAbsent.
TokenPlace FindPlaceFor(const Settings& settings, std::string_view label, bool overwrite);

// FitsUri tells whether a pkcs11: URI names this token; throws kBadUri.
bool FitsUri(const TokenPlace& token, std::string_view uri);

// UriOf names a token, or an object on it (RFC 7512).
std::string UriOf(const TokenPlace& token, const ObjectName* object = nullptr);

}  // namespace signet::inline pkcs11

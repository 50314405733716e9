#pragma once

#include "base/openssl_ptr.h"
#include "pkcs11/admin/key_spec.h"
#include <signet/certificate.h>
#include <signet/secret.h>

#include <memory>
#include <string>
#include <string_view>

namespace signet {

// TokenSetup initialises tokens and sets their PINs through libp11. It loads the module directly and
// finalises it when it dies: nobody else in the process may use the module meanwhile. Every function throws
// Error.
class TokenSetup {
 public:
  // TokenSetup throws kModuleTrouble where `module_path` is no PKCS#11 module.
  explicit TokenSetup(const std::string& module_path);
  ~TokenSetup();
  TokenSetup(const TokenSetup&) = delete;
  TokenSetup& operator=(const TokenSetup&) = delete;

  // CheckCanInitialise throws what Initialise would throw before it changes anything: kAmbiguous for a label
  // that a token has already (unless `overwrite`), kTokenAbsent where there is no blank token, kBadArgument
  // for a label.
  void CheckCanInitialise(std::string_view label, bool overwrite) const;
  // Initialise gives the first token without a label this one and the security officer's PIN, sets the user's
  // PIN, and returns the serial number. With `overwrite` an initialised token of that label is wiped and
  // taken instead.
  std::string Initialise(std::string_view label, const Secret& so_pin, const Secret& pin, bool overwrite);
  // ResetPin sets the user's PIN with the security officer's. An empty `serial` takes the first token of that
  // label.
  void ResetPin(std::string_view label, std::string_view serial, const Secret& so_pin, const Secret& pin);
  // ChangePin replaces the user's PIN, or the security officer's own.
  void ChangePin(std::string_view label, std::string_view serial, const Secret& old_pin,
                 const Secret& new_pin, bool security_officer);
  // StoreRsa puts an RSA key pair into the token, and its certificate where `certificate` is not null. What
  // it stored before a failure stays: the caller removes it.
  void StoreRsa(std::string_view label, std::string_view serial, const Secret& pin, EVP_PKEY* key,
                const Certificate* certificate, const ObjectName& name);

 private:
  class Slots;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace signet

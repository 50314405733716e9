#pragma once

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

  // Initialise gives the first token without a label this one and the security officer's PIN, and sets the
  // user's PIN. With `overwrite` an initialised token of that label is wiped and taken instead; without, such
  // a token is refused with kAmbiguous.
  void Initialise(std::string_view label, const Secret& so_pin, const Secret& pin, bool overwrite);
  // ResetPin sets the user's PIN with the security officer's.
  void ResetPin(std::string_view label, const Secret& so_pin, const Secret& pin);
  // ChangePin replaces the user's PIN, or the security officer's own.
  void ChangePin(std::string_view label, const Secret& old_pin, const Secret& new_pin, bool security_officer);

 private:
  class Slots;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace signet

#pragma once

#include <signet/error.h>
#include <signet/settings.h>

#include <optional>
#include <string>
#include <vector>

namespace signet::inline pkcs11 {

// TokenStatus is the information from a token without a login.
struct TokenStatus {
  std::string label, model, serial;
  bool initialised = false;
  bool needs_login = false;
  bool pin_set = false;
  bool pin_count_low = false;  // a wrong PIN was entered since the last correct one
  bool pin_final_try = false;  // one more wrong PIN locks it
  bool pin_locked = false;
  bool reader_asks = false;  // the PIN is entered at the reader's own pad
};

// ModuleStatus is the state of one PKCS#11 module in this process.
struct ModuleStatus {
  std::string name, path;
  bool holds_trust = false;  // a store of trust anchors, which has no keys
  std::optional<Error> trouble;
  std::vector<TokenStatus> tokens;
};

// StatusOfModules tries the modules that the settings name, or all that p11-kit has configured. It never
// throws for what is wrong with a module, and sends no PIN.
std::vector<ModuleStatus> StatusOfModules(const Settings& settings);

}  // namespace signet::inline pkcs11

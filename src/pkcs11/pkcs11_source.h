#pragma once

#include "identity/stored_objects.h"
#include <signet/identity_source.h>
#include <signet/pin_prompt.h>
#include <signet/settings.h>

#include <memory>
#include <string_view>

namespace signet::inline pkcs11 {

// Pkcs11Source opens pkcs11: URIs (RFC 7512) on the modules that the settings name, which it loads at the
// first call, never before. Thread-safe. Modules and tokens stay open while it or a key from it lives.
class Pkcs11Source {
 public:
  explicit Pkcs11Source(Settings settings);
  ~Pkcs11Source();
  Pkcs11Source(const Pkcs11Source&) = delete;
  Pkcs11Source& operator=(const Pkcs11Source&) = delete;

  // List gives the identities that `uri` matches, unproven ones included: it logs in only with a PIN from the
  // URI or the settings. Keys keep `prompt` (which may be null) for the day they are unlocked.
  Listing List(std::string_view uri, const std::shared_ptr<PinPrompt>& prompt);

  // OpenModules loads and initialises the modules now, as far as they can be; what is wrong with one is an
  // error when it is needed.
  void OpenModules();

  // Load gives the objects unpaired. Private keys are unlocked, asking `prompt`, as a store's callback is
  // gone afterwards.
  StoredObjects Load(std::string_view uri, Wanted wanted, const std::shared_ptr<PinPrompt>& prompt);

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace signet::inline pkcs11

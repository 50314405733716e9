#pragma once

#include "identity/stored_objects.h"
#include "pkcs11/pkcs11_source.h"
#include <signet/identity_source.h>

#include <memory>
#include <string_view>

namespace signet {

// Source is every kind of source behind one door, told apart by the URI's scheme: pkcs11:, pkcs12:. What it
// opens it opens at the first call that needs it. Thread-safe.
class Source {
 public:
  explicit Source(Settings settings);

  // List and Load are as in Pkcs11Source; both throw Error kBadUri, also for a scheme that is not ours.
  Listing List(std::string_view uri, const std::shared_ptr<PinPrompt>& prompt);
  StoredObjects Load(std::string_view uri, Wanted wanted, const std::shared_ptr<PinPrompt>& prompt);

  const Settings& settings() const noexcept { return settings_; }

 private:
  const Settings settings_;
  Pkcs11Source pkcs11_;
};

// TheOne gives the only identity of a listing; throws its problem, kNotFound or kAmbiguous, naming `uri`.
Identity TheOne(const Listing& listing, std::string_view uri);

}  // namespace signet

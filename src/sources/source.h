#pragma once

#include "identity/stored_objects.h"
#include "pkcs11/pkcs11_source.h"
#include "sources/own_sources.h"
#include <signet/identity_source.h>

#include <memory>
#include <string_view>
#include <utility>

namespace signet::inline sources {

// Source is the interface of every kind of source, distinguished by the URI's scheme: pkcs11:, pkcs12:, and
// those that a program registered. What it opens it opens at the first call that needs it. Thread-safe.
class Source {
 public:
  explicit Source(Settings settings);

  // Register is IdentitySource::Register.
  void Register(std::string_view scheme, std::shared_ptr<OwnSource> source) {
    own_.Register(scheme, std::move(source));
  }

  // List and Load are as in Pkcs11Source; both throw Error kBadUri, also for a scheme that nobody has. Load
  // does not ask the program's own sources.
  Listing List(std::string_view uri, const std::shared_ptr<PinPrompt>& prompt);
  StoredObjects Load(std::string_view uri, Wanted wanted, const std::shared_ptr<PinPrompt>& prompt);

  // OpenModules loads and initialises the PKCS#11 modules now, as far as they can be.
  void OpenModules() { pkcs11_.OpenModules(); }

  const Settings& settings() const noexcept { return settings_; }

 private:
  const Settings settings_;
  Pkcs11Source pkcs11_;
  OwnSources own_;
};

// TheOne gives the identity of a listing that alone has exactly this URI, else the only one; throws its
// problem, kNotFound or kAmbiguous, naming `uri`.
Identity TheOne(const Listing& listing, std::string_view uri);

}  // namespace signet::inline sources

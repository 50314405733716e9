#pragma once

#include <signet/configuration.h>
#include <signet/error.h>
#include <signet/export.h>
#include <signet/identity.h>
#include <signet/pin_prompt.h>
#include <signet/settings.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace signet {

// Problem explains why an object or file at a URI is not an identity.
struct Problem {
  std::string uri;  // without pin-value
  Error error;      // why it is no identity
};

// Listing contains the identities that match a URI, and the problems.
struct Listing {
  std::vector<Identity> identities;  // that can be used, or unlocked
  std::vector<Problem> problems;     // one for each object or file that is not an identity
};

class OwnSource;

// IdentitySource opens URIs: pkcs11: (RFC 7512), pkcs12:PATH and those of a program's own sources. It is
// thread-safe. Tokens stay open while it or an identity from it lives.
class SIGNET_EXPORT IdentitySource {
 public:
  // IdentitySource does not open anything at construction. Without settings it uses ConfiguredSettings(),
  // with its exceptions. `prompt` may be null: then the PIN must come from the URI or the settings, or the
  // operation fails with kPinNeeded.
  explicit IdentitySource(Settings settings = ConfiguredSettings(),
                          std::shared_ptr<PinPrompt> prompt = nullptr);
  ~IdentitySource();
  IdentitySource(IdentitySource&&) noexcept;
  IdentitySource& operator=(IdentitySource&&) noexcept;

  // Register makes `source` answer for the URIs of `scheme` (RFC 3986 section 3.1; upper and lower case are
  // the same). Throws Error kBadArgument for an invalid scheme, for one of Signet or one that is registered
  // already, and for null.
  void Register(std::string_view scheme, std::shared_ptr<OwnSource> source);
  // List returns everything that `uri` matches. Errors of single tokens or files are problems in the listing,
  // not exceptions. It throws Error kBadUri for an invalid URI. It logs in to a token only with a PIN from
  // the URI; for identities of a token without login, it is not yet proven that key and certificate match:
  // this happens when they are unlocked or sign.
  Listing List(std::string_view uri) const;
  // Open returns the identity that `uri` names; throws Error: kNotFound, kAmbiguous, or the problem's code.
  Identity Open(std::string_view uri) const;

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace signet

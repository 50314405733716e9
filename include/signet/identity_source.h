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

// Problem is something at a URI that is no identity, and why.
struct Problem {
  std::string uri;
  Error error;
};

// Listing is what a URI stands for: identities, and what could not become one.
struct Listing {
  std::vector<Identity> identities;
  std::vector<Problem> problems;
};

class OwnSource;

// IdentitySource opens URIs: pkcs11: (RFC 7512), pkcs12:PATH and those of a program's own sources. It is
// thread-safe. Tokens stay open while it or an identity from it lives.
class SIGNET_EXPORT IdentitySource {
 public:
  // IdentitySource opens nothing yet. Without settings it has those that the user configured; see
  // configuration.h for what that throws. `prompt` may be null: then a PIN comes from the URI or the
  // settings, or the operation fails with kPinNeeded.
  explicit IdentitySource(Settings settings = ConfiguredSettings(),
                          std::shared_ptr<PinPrompt> prompt = nullptr);
  ~IdentitySource();
  IdentitySource(IdentitySource&&) noexcept;
  IdentitySource& operator=(IdentitySource&&) noexcept;

  // Register has `source` answer for the URIs of `scheme` (RFC 3986 section 3.1; case does not matter) from
  // now on. Throws Error kBadArgument for what is no scheme, for one that is Signet's own or registered
  // already, and for null.
  void Register(std::string_view scheme, std::shared_ptr<OwnSource> source);
  // List gives everything that `uri` matches. It never throws for what one token or one file does wrong: that
  // is a problem in the listing. It throws Error kBadUri for a URI that cannot be read. It logs in to a token
  // only with a PIN that the URI itself brings; identities of a token without login are unproven until they
  // are unlocked or sign.
  Listing List(std::string_view uri) const;
  // Open gives the one identity that `uri` names; throws Error: kNotFound, kAmbiguous, or the problem itself.
  Identity Open(std::string_view uri) const;

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace signet

#pragma once

#include <signet/error.h>
#include <signet/gnutls.h>
#include <signet/identity.h>
#include <signet/identity_selector.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace signet::gnutls {

// WhyUnusable says why GnuTLS cannot present an identity: one sentence, lower case; nothing where it can.
std::optional<std::string> WhyUnusable(const Identity& identity);

// Presenter has the sessions with some credentials present identities, by the plugin's C interface. It lives
// as long as they do.
class Presenter {
 public:
  // Presenter takes identities that GnuTLS can present; with `pinned` the first of them is presented whatever
  // the peer asks for.
  Presenter(gnutls_certificate_credentials_t credentials, const std::vector<Identity>& identities,
            bool pinned);

  // Taken is what was chosen when the session's peer asked; nothing where it did not ask. Failure is why the
  // chosen key did not sign. Each gives it once.
  std::optional<Choice> Taken(gnutls_session_t session) const;
  std::optional<Error> Failure(gnutls_session_t session) const;

 private:
  struct Freed {
    void operator()(signet_gnutls_selector* selector) const noexcept {
      signet_gnutls_selector_free(selector);
    }
  };
  std::unique_ptr<signet_gnutls_selector, Freed> selector_;
};

}  // namespace signet::gnutls

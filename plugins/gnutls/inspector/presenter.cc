#include "gnutls/inspector/presenter.h"

#include "c_abi/objects.h"
#include "gnutls/handles.h"

namespace signet::gnutls {

std::optional<std::string> WhyUnusable(const Identity& identity) {
  const signet_identity made(identity);
  gnutls_privkey_t key = nullptr;
  signet_error* error = nullptr;
  signet_gnutls_privkey(&made, &key, &error);
  const Owned<gnutls_privkey_st> owned_key(key);
  const Owned<signet_error> owned(error);
  if (owned == nullptr) return std::nullopt;
  return signet_error_detail(error);
}

Presenter::Presenter(gnutls_certificate_credentials_t credentials, const std::vector<Identity>& identities,
                     bool pinned) {
  std::vector<signet_identity> made(identities.begin(), identities.end());
  std::vector<const signet_identity*> among;
  for (const signet_identity& identity : made) among.push_back(&identity);
  signet_error* error = nullptr;
  selector_.reset(signet_gnutls_use(credentials, among.data(), among.size(), &error));
  const Owned<signet_error> owned(error);
  if (owned != nullptr) throw Error(owned->error);
  if (pinned && !identities.empty())
    signet_gnutls_pin(selector_.get(), identities.front().leaf().sha256().c_str());
}

std::optional<Choice> Presenter::Taken(gnutls_session_t session) const {
  const Owned<signet_choice> choice(signet_gnutls_take_choice(selector_.get(), session));
  return choice == nullptr ? std::nullopt : choice->made;
}

std::optional<Error> Presenter::Failure(gnutls_session_t session) const {
  const Owned<signet_error> error(signet_gnutls_take_error(selector_.get(), session));
  if (error == nullptr) return std::nullopt;
  return error->error;
}

}  // namespace signet::gnutls

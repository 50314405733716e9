// The retrieve function of credentials, and the selectors behind it.
#include "gnutls/certificates.h"
#include "gnutls/failure.h"
#include "gnutls/guard.h"
#include "gnutls/private_key.h"
#include "gnutls/requests.h"
#include <signet/gnutls.h>

#include <cerrno>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <utility>
#include <vector>

using signet::gnutls::Attempt;
using signet::gnutls::Owned;

struct signet_gnutls_selector {
  gnutls_certificate_credentials_t credentials;
  std::vector<Owned<signet_identity>> identities;

  void Pin(const char* identity) {
    const std::lock_guard lock(mutex);
    pinned = identity != nullptr ? identity : "";
  }
  std::string Pinned() {
    const std::lock_guard lock(mutex);
    return pinned;
  }
  std::shared_ptr<Attempt> Begin(gnutls_session_t session) {
    auto attempt = std::make_shared<Attempt>();
    const std::lock_guard lock(mutex);
    attempts.insert_or_assign(session, attempt);
    return attempt;
  }
  std::shared_ptr<Attempt> Last(gnutls_session_t session) {
    const std::lock_guard lock(mutex);
    const auto found = attempts.find(session);
    return found == attempts.end() ? nullptr : found->second;
  }

 private:
  std::mutex mutex;
  std::string pinned;
  std::map<gnutls_session_t, std::shared_ptr<Attempt>> attempts;
};

namespace signet::gnutls {
namespace {

// Selectors finds the selector of credentials: GnuTLS's retrieve function has no argument of its own.
class Selectors {
 public:
  static Selectors& Instance() {
    static Selectors& selectors = *std::make_unique<Selectors>().release();  // sessions may end at exit
    return selectors;
  }

  // Put keeps a selector until Remove, and answers for its credentials until another one does.
  void Put(const std::shared_ptr<signet_gnutls_selector>& selector) {
    const std::lock_guard lock(mutex_);
    of_.insert_or_assign(selector->credentials, selector);
    all_.emplace(selector.get(), selector);
  }
  std::shared_ptr<signet_gnutls_selector> Get(gnutls_certificate_credentials_t credentials) {
    const std::lock_guard lock(mutex_);
    const auto found = of_.find(credentials);
    return found == of_.end() ? nullptr : found->second;
  }
  // Remove tells whether the credentials had this selector.
  bool Remove(const signet_gnutls_selector* selector) {
    const std::lock_guard lock(mutex_);
    const auto kept = all_.find(selector);
    if (kept == all_.end()) return false;
    const auto found = of_.find(selector->credentials);
    const bool answers = found != of_.end() && found->second.get() == selector;
    if (answers) of_.erase(found);
    all_.erase(kept);
    return answers;
  }

 private:
  std::mutex mutex_;
  std::map<gnutls_certificate_credentials_t, std::shared_ptr<signet_gnutls_selector>> of_;
  std::map<const signet_gnutls_selector*, std::shared_ptr<signet_gnutls_selector>> all_;
};

Owned<signet_choice> Choose(signet_gnutls_selector& selector, signet_request* request) {
  if (const std::string pinned = selector.Pinned(); !pinned.empty())
    signet_request_pin(request, pinned.c_str());
  std::vector<const signet_identity*> among;
  for (const auto& identity : selector.identities) among.push_back(identity.get());
  return Owned<signet_choice>(signet_select(request, among.data(), among.size(), nullptr));
}

// LastWord is the status of a connection that the peer closed while we sent: it may have said why before.
int LastWord(gnutls_session_t session, int status) {
  char byte = 0;
  const ssize_t read = gnutls_record_recv(session, &byte, sizeof byte);
  return read == GNUTLS_E_FATAL_ALERT_RECEIVED ? GNUTLS_E_FATAL_ALERT_RECEIVED : status;
}

int Retrieve(gnutls_session_t session, const gnutls_cert_retr_st* info, gnutls_pcert_st** certificates,
             unsigned* certificates_length, gnutls_ocsp_data_st** ocsp, unsigned* ocsp_length,
             gnutls_privkey_t* key, unsigned* flags) {
  *certificates = nullptr;
  *certificates_length = 0;
  *ocsp = nullptr;
  *ocsp_length = 0;
  *key = nullptr;
  try {
    const auto selector = Selectors::Instance().Get(info->cred);
    if (selector == nullptr) return GNUTLS_E_SUCCESS;
    const auto attempt = selector->Begin(session);
    auto choice = Choose(*selector, RequestOf(session, *info).get());
    if (choice == nullptr) return GNUTLS_E_MEMORY_ERROR;
    if (const signet_identity* identity = signet_choice_identity(choice.get())) {
      Certificates list(identity);
      *key = MakeKey(identity, attempt).release();
      *certificates = list.Release(certificates_length);
      *flags = GNUTLS_CERT_RETR_DEINIT_ALL;
    }
    const std::lock_guard lock(attempt->mutex);
    attempt->choice = std::move(choice);
    return GNUTLS_E_SUCCESS;
  } catch (...) {
    return GNUTLS_E_INTERNAL_ERROR;
  }
}

}  // namespace
}  // namespace signet::gnutls

using signet::gnutls::Selectors;

extern "C" {

signet_gnutls_selector* signet_gnutls_use(gnutls_certificate_credentials_t credentials,
                                          const signet_identity* const* identities, size_t count,
                                          signet_error** error) {
  return signet::gnutls::Guard(error, static_cast<signet_gnutls_selector*>(nullptr), [&] {
    if (credentials == nullptr || (identities == nullptr && count != 0))
      throw signet::gnutls::Refused("an argument is NULL", SIGNET_ERROR_BAD_ARGUMENT);
    const auto selector = std::make_shared<signet_gnutls_selector>();
    selector->credentials = credentials;
    for (size_t i = 0; i < count; ++i) {
      signet::gnutls::MakeKey(identities[i], nullptr);
      selector->identities.push_back(signet::gnutls::Copy(identities[i]));
    }
    Selectors::Instance().Put(selector);
    gnutls_certificate_set_retrieve_function3(credentials, signet::gnutls::Retrieve);
    return selector.get();
  });
}

void signet_gnutls_selector_free(signet_gnutls_selector* selector) {
  if (selector == nullptr) return;
  gnutls_certificate_credentials_t const credentials = selector->credentials;
  if (Selectors::Instance().Remove(selector)) gnutls_certificate_set_retrieve_function3(credentials, nullptr);
}

bool signet_gnutls_pin(signet_gnutls_selector* selector, const char* identity) {
  return signet::gnutls::Guard(nullptr, false, [&] {
    if (selector == nullptr) return false;
    selector->Pin(identity);
    return true;
  });
}

signet_choice* signet_gnutls_take_choice(signet_gnutls_selector* selector, gnutls_session_t session) {
  const auto attempt = selector == nullptr ? nullptr : selector->Last(session);
  if (attempt == nullptr) return nullptr;
  const std::lock_guard lock(attempt->mutex);
  return attempt->choice.release();
}

signet_error* signet_gnutls_take_error(signet_gnutls_selector* selector, gnutls_session_t session) {
  const auto attempt = selector == nullptr ? nullptr : selector->Last(session);
  if (attempt == nullptr) return nullptr;
  const std::lock_guard lock(attempt->mutex);
  return attempt->error.release();
}

signet_error* signet_gnutls_handshake_error(signet_gnutls_selector* selector, gnutls_session_t session,
                                            int status) {
  const int number = errno;
  signet_error* raised = nullptr;
  signet_error* made = signet::gnutls::Guard(&raised, static_cast<signet_error*>(nullptr), [&] {
    if (session == nullptr) throw signet::gnutls::Refused("session is NULL", SIGNET_ERROR_BAD_ARGUMENT);
    if (status >= 0) return static_cast<signet_error*>(nullptr);
    const Owned<signet_choice> choice(signet_gnutls_take_choice(selector, session));
    Owned<signet_error> failure(signet_gnutls_take_error(selector, session));
    if (status == GNUTLS_E_PUSH_ERROR) status = signet::gnutls::LastWord(session, status);
    if (failure == nullptr) failure = signet::gnutls::Failure(session, status, number);
    const int alert = failure == nullptr ? gnutls_alert_get(session) : -1;
    return signet_handshake_error(choice.get(), alert, failure.get());
  });
  return made != nullptr ? made : raised;
}

}  // extern "C"

#pragma once

#include "inspector/recorder.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <gnutls/gnutls.h>

namespace signet::gnutls {

struct CredentialsFreed {
  void operator()(gnutls_certificate_credentials_t credentials) const noexcept {
    gnutls_certificate_free_credentials(credentials);
  }
};
using Credentials =
    std::unique_ptr<std::remove_pointer_t<gnutls_certificate_credentials_t>, CredentialsFreed>;

// CheckGnuTls throws Error kInternal where `call` gave a negative `status`.
void CheckGnuTls(int status, const char* call);

// MakeCredentials trusts the certificates of a PEM file, or the system's where `file` is empty, and has
// nothing else; throws Error kUnreadable.
Credentials MakeCredentials(const std::string& trust_file);

// MakeSession gives a session as a program of GnuTLS has it by default, of TLS 1.2 and 1.3 or one of them.
gnutls_session_t MakeSession(Recorder::Side side, gnutls_certificate_credentials_t credentials,
                             std::optional<std::uint16_t> version);

}  // namespace signet::gnutls

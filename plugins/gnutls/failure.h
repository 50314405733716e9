#pragma once

#include "gnutls/handles.h"

#include <string>
#include <string_view>

namespace signet::gnutls {

// VerificationText says in words what gnutls_session_get_verify_cert_status found: one sentence, lower case
// and without full stop.
std::string VerificationText(unsigned status);

// VerificationHint is what to do about a server's certificate that was not accepted for `status`.
std::string_view VerificationHint(unsigned status) noexcept;

// Failure says what this side knows of why a call on a client's session gave `status`; null where the peer's
// alert is all there is. `number` is errno after that call.
Owned<signet_error> Failure(gnutls_session_t session, int status, int number);

}  // namespace signet::gnutls

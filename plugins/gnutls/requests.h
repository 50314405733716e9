#pragma once

#include "gnutls/handles.h"

namespace signet::gnutls {

// RequestOf is what the session's peer asks for, within the retrieve function that got `info`. It looks at
// the session until it is freed. Throws std::bad_alloc.
Owned<signet_request> RequestOf(gnutls_session_t session, const gnutls_cert_retr_st& info);

}  // namespace signet::gnutls

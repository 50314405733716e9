#pragma once

#include "inspector/probe.h"

#include <memory>

namespace signet::gnutls {

// MakeProbe gives the probe of GnuTLS, TLS 1.2 and 1.3.
std::unique_ptr<Probe> MakeProbe();

// MakeAcceptor is its Probe::Listen.
std::unique_ptr<Acceptor> MakeAcceptor(const ServeOptions& options);

}  // namespace signet::gnutls

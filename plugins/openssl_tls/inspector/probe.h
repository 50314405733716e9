#pragma once

#include "inspector/probe.h"

#include <memory>

namespace signet::openssl {

// MakeProbe gives the probe of OpenSSL's libssl. It works in a library context of its own, which no
// openssl.cnf touches.
std::unique_ptr<Probe> MakeProbe();

// MakeAcceptor is its Probe::Listen.
std::unique_ptr<Acceptor> MakeAcceptor(const ServeOptions& options);

}  // namespace signet::openssl

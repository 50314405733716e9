#pragma once

#include "inspector/probe.h"

#include <memory>

namespace signet::botan {

// MakeProbe gives the probe of Botan's TLS: 1.2 with Botan 2, 1.2 and 1.3 with Botan 3.
std::unique_ptr<Probe> MakeProbe();

// MakeAcceptor is its Probe::Listen.
std::unique_ptr<Acceptor> MakeAcceptor(const ServeOptions& options);

}  // namespace signet::botan

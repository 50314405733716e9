#pragma once

#include "inspector/probe.h"
#include "inspector/recorder.h"
#include <signet/identity_selector.h>

namespace signet::inline inspector {

// Consider puts a choice's identities and reasons into the report; each new choice replaces the
// last. `scheme` is what the stack signs with, where that is not the choice's own.
void Consider(const Choice& choice, HandshakeReport& report,
              std::optional<SignatureScheme> scheme = std::nullopt);

// Conclude fills in what follows from the connection's messages, says for every identity that no choice saw
// why not, and names the cause where a server that asked for a certificate got none. Call it once, when the
// connection is over and the report's failure is set.
void Conclude(const Recorder& recorder, const ProbeOptions& options, HandshakeReport& report);

}  // namespace signet::inline inspector

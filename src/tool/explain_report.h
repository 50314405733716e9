#pragma once

#include "handshake/report.h"

namespace signet::tool {

// ExplainFailure puts the cause and the hint that the whole report shows in the place of what the TLS stack
// said.
void ExplainFailure(HandshakeReport& report);

}  // namespace signet::tool

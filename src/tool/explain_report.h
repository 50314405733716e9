#pragma once

#include "inspector/report.h"

#include <string>

namespace signet::tool {

// ExplainFailure puts the cause and the hint that the whole report shows in the place of what the TLS stack
// said. `trust_file` is what --trust named; empty for nothing.
void ExplainFailure(HandshakeReport& report, const std::string& trust_file);

}  // namespace signet::tool

#pragma once

#include "handshake/report.h"
#include "tool/output.h"

namespace signet::tool {

// ReportJson is the document of `handshake --json`.
Json ReportJson(const HandshakeReport& report);

// PrintReport shows one connection to people: its messages in order, then what came of it.
void PrintReport(const HandshakeReport& report);

}  // namespace signet::tool

#pragma once

#include "inspector/report.h"
#include "tool/console.h"
#include "tool/output.h"

namespace signet::tool {

// ReportJson is the document of `handshake --json`.
Json ReportJson(const HandshakeReport& report);

// LeftOut names the messages of a connection that the one which resumed it did without.
std::vector<std::string> LeftOut(const HandshakeReport& first, const HandshakeReport& resumed);

// PrintReport shows one connection to people: its messages in order, then what resulted.
void PrintReport(const Console& out, const HandshakeReport& report);

}  // namespace signet::tool

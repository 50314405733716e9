#pragma once

#include "handshake/report.h"

#include <string>
#include <vector>

namespace signet::tool {

// HtmlPage draws the connections to `server` as one self-contained page: the sequence of messages, the
// failure where it happened, and the identities with their reasons. It loads nothing and runs no script.
std::string HtmlPage(const std::string& server, const std::vector<HandshakeReport>& reports);

// WriteHtml writes the page to a file; throws Error kUnreadable.
void WriteHtml(const std::string& path, const std::string& page);

}  // namespace signet::tool

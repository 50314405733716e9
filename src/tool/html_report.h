#pragma once

#include "inspector/report.h"

#include <string>
#include <vector>

namespace signet::tool {

// PageFacts is what a page says of itself.
struct PageFacts {
  std::string server;   // as it was typed
  std::string now;      // ISO 8601
  std::string stack;    // name and version
  std::string version;  // of this command
};

// HtmlPage draws the connections as one self-contained page: first the verdict, then the sequence of
// messages, the failure where it happened, and the identities with their reasons. It loads nothing and runs
// no script.
std::string HtmlPage(const PageFacts& facts, const std::vector<HandshakeReport>& reports);

// WriteHtml writes the page to a file; throws Error kUnreadable.
void WriteHtml(const std::string& path, const std::string& page);

}  // namespace signet::tool

#pragma once

#include "inspector/probe.h"
#include <signet/error.h>

#include <optional>
#include <string>
#include <string_view>

namespace signet::inline inspector {

// RequestText is what is sent to `host`: `request` as it is, but a path ("/...") or nothing is a GET of it,
// or of
// "/", by HTTP/1.1 that asks the server to close the connection afterwards.
std::string RequestText(const std::string& request, const std::string& host);

// FirstLine gives the first line of a response, with what is not printable left out, at most 200 bytes.
std::string FirstLine(std::string_view response);

// IsComplete tells whether a response holds all the bytes that its Content-Length promises. A response
// without one ends when the server closes.
bool IsComplete(std::string_view response);

// RefusalInResponse finds an HTTP server's refusal of a client certificate that let the handshake pass: nginx
// does that (ssl_verify_client), with a page of status 400. Where something was `asked_for`, status 403 is a
// refusal too: Apache sends it for a path without the required certificate. Nothing for any other response.
std::optional<Error> RefusalInResponse(std::string_view response, bool asked_for = false);

// VisitorPage is the HTTP response of a test server that names its visitor.
std::string VisitorPage(const Visitor& visitor);

}  // namespace signet::inline inspector

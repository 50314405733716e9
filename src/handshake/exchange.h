#pragma once

#include "handshake/probe.h"
#include <signet/error.h>

#include <optional>
#include <string>
#include <string_view>

namespace signet {

// DefaultRequest is a GET of "/" by HTTP/1.1 that asks the server to close the connection afterwards.
std::string DefaultRequest(const std::string& host);

// FirstLine gives the first line of a response, with what is not printable left out, at most 200 bytes.
std::string FirstLine(std::string_view response);

// IsComplete tells whether a response holds all the bytes that its Content-Length promises. A response
// without one ends when the server closes.
bool IsComplete(std::string_view response);

// RefusalInResponse finds an HTTP server's refusal of a client certificate that let the handshake pass: nginx
// does that (ssl_verify_client), with a page of status 400. Nothing for any other response.
std::optional<Error> RefusalInResponse(std::string_view response);

// VisitorPage is the HTTP response of a test server that names its visitor.
std::string VisitorPage(const Visitor& visitor);

}  // namespace signet

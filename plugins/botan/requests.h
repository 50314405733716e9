#pragma once

#include "botan/version.h"
#include <signet/certificate_request.h>

#include <string>

namespace signet::botan {

// RequestOf turns what Botan understood of the peer's message into the selection's terms.
CertificateRequest RequestOf(const PeerWish& wish);

// GuessedRequest is made from what Botan tells a credentials manager, where the message itself was not seen.
CertificateRequest GuessedRequest(CertificateRequest::Role role, const Question& question);

// AuthoritiesOf gives the DER of names, as they were received.
std::vector<ByteVector> AuthoritiesOf(const Names& names);

}  // namespace signet::botan

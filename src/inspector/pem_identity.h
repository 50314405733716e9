#pragma once

#include <signet/identity.h>

#include <string>

namespace signet::inline inspector {

// ReadPemIdentity reads a certificate chain, leaf first, and an unencrypted private key from two PEM files,
// for a test server; throws Error kUnreadable, kMalformed or kKeyCertificateMismatch.
Identity ReadPemIdentity(const std::string& certificate_file, const std::string& key_file);

}  // namespace signet::inline inspector

#pragma once

#include "handshake/messages.h"

#include <string>

namespace signet::inline inspector {

// CompressedCertificate is the message of RFC 8879 section 4; `data` is a view into its body.
struct CompressedCertificate {
  std::uint16_t algorithm = 0;
  std::size_t uncompressed_length = 0;
  ByteView data;
};
// ParseCompressedCertificate throws Error kMalformed.
CompressedCertificate ParseCompressedCertificate(ByteView body);

// Uncompress gives the body of the Certificate message that was compressed. It throws Error kUnsupported
// where OpenSSL lacks the algorithm (before 3.2 it has none, and then offers none either), and kMalformed.
Bytes Uncompress(const CompressedCertificate& message);

// CompressionName gives the IANA name of an algorithm, or its number.
std::string CompressionName(std::uint16_t algorithm);

}  // namespace signet::inline inspector

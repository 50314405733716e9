#pragma once

#include <signet/secret.h>

#include <cstdint>
#include <string>
#include <vector>

namespace signet::inline base {

// ReadFile reads a regular file whole through one descriptor (O_CLOEXEC), which it asks for its size first;
// throws Error kUnreadable, or kTooCostly for more than `max_size` bytes.
std::vector<std::uint8_t> ReadFile(const std::string& path, std::uint64_t max_size);

// ReadSecretFile reads a file or pipe whole, of at most 16 KiB; throws Error kUnreadable.
Secret ReadSecretFile(const std::string& path);

// ReadPinFile reads a PIN: the first line of a file or pipe that holds at most 4096 bytes; throws Error
// kUnreadable.
Secret ReadPinFile(const std::string& path);
Secret ReadPinDescriptor(int descriptor);

}  // namespace signet::inline base

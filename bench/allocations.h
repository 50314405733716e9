#pragma once

#include <cstdint>

namespace signet::bench {

// AllocationsOfThisThread counts the calls of malloc, calloc and realloc by this thread so far, from any
// library they come; operator new and OPENSSL_malloc come down to these.
std::uint64_t AllocationsOfThisThread() noexcept;

}  // namespace signet::bench

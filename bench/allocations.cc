#include "allocations.h"

#include <cstddef>

namespace {

// Of the executable itself, and so without allocation at its first use.
thread_local std::uint64_t allocations = 0;

}  // namespace

// glibc's own, under the names that it keeps for those who take malloc's place.
extern "C" {
void* __libc_malloc(std::size_t size) noexcept;
void* __libc_calloc(std::size_t count, std::size_t size) noexcept;
void* __libc_realloc(void* memory, std::size_t size) noexcept;

void* malloc(std::size_t size) noexcept {
  ++allocations;
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) noexcept {
  ++allocations;
  return __libc_calloc(count, size);
}
void* realloc(void* memory, std::size_t size) noexcept {
  ++allocations;
  return __libc_realloc(memory, size);
}
}

namespace signet::bench {

std::uint64_t AllocationsOfThisThread() noexcept { return allocations; }

}  // namespace signet::bench

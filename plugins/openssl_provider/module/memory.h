#pragma once

#include <cstdlib>
#include <memory>

// Memory without the C++ library. What is made is null where memory is short.
namespace signet::provider::module {

struct LibcDeleter {
  void operator()(void* memory) const noexcept { std::free(memory); }
};
// LibcPtr owns plain memory of malloc and its like.
template <class T>
using LibcPtr = std::unique_ptr<T, LibcDeleter>;

// Classes that are made by `new` derive from FromLibc.
struct FromLibc {
  static void* operator new(std::size_t size) noexcept { return std::malloc(size); }
  static void operator delete(void* memory) noexcept { std::free(memory); }
};

}  // namespace signet::provider::module

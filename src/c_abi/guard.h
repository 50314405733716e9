#pragma once

#include "c_abi/objects.h"

#include <memory>
#include <string>
#include <utility>

namespace signet::c_abi {

// OutOfMemory is the error that can be given where out of memory; freeing it does nothing.
signet_error* OutOfMemory() noexcept;

// Raised is the current exception as an error of signet.h. Only within a catch block.
signet_error* Raised() noexcept;

// Guard runs `function` for an exported one: no exception leaves it. *error, where it is wanted, is null or
// says why `failed` was returned.
template <typename Result, typename Function>
Result Guard(signet_error** error, Result failed, const Function& function) noexcept {
  if (error != nullptr) *error = nullptr;
  try {
    return function();
  } catch (...) {
    if (error != nullptr) *error = Raised();
    return failed;
  }
}

// Made hands an object out to the C program, and Freed takes it back; null is nothing.
template <typename Type>
Type* Made(Type object) {
  return std::make_unique<Type>(std::move(object)).release();
}
template <typename Type>
void Freed(Type* object) noexcept {
  const std::unique_ptr<Type> owned(object);
}

// Given gives what a pointer points to; throws Error kBadArgument for null, naming the argument.
template <typename Type>
Type& Given(Type* pointer, const char* argument) {
  if (pointer != nullptr) return *pointer;
  throw Error({.code = ErrorCode::kBadArgument,
               .detail = std::string(argument) + " is NULL",
               .hint = "Correct the program: this argument must not be NULL."});
}

}  // namespace signet::c_abi

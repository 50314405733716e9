#pragma once

#include "openssl_provider/error_queue.h"

#include <type_traits>

#include <openssl/core.h>
#include <openssl/core_dispatch.h>
#include <openssl/err.h>

namespace signet::provider {

// Guard runs `call` between libcrypto and us. What it queued on the way to success is dropped; what it throws
// becomes the only entry of the ERR queue, and the answer is then `R{}`, which means failure
// to libcrypto.
template <class R, class Call>
R Guard(const ErrorQueue& errors, Call&& call) noexcept {
  ERR_set_mark();
  try {
    const R result = call();
    if (result) {
      ERR_pop_to_mark();
    } else {
      ERR_clear_last_mark();
    }
    return result;
  } catch (...) {
    ERR_pop_to_mark();
    errors.RaiseCurrentException();
    return R{};
  }
}

// Exported makes the function that libcrypto calls from a typed one, whose first parameter is a reference to
// the object behind libcrypto's void pointer. That object's errors() says where errors go.
template <class Raw, auto kTyped>
struct Exported;

template <class R, class Handle, class... Rest, auto kTyped>
struct Exported<R(Handle, Rest...), kTyped> {
  template <class T>
  static T ObjectOf(R (*)(T&, Rest...));  // does not match where the typed function's parameters differ
  using Object = decltype(ObjectOf(kTyped));

  static R Call(Handle handle, Rest... rest) noexcept {
    using Pointer = std::conditional_t<std::is_const_v<std::remove_pointer_t<Handle>>, const Object, Object>*;
    const auto object = static_cast<Pointer>(handle);
    if (object == nullptr) return R{};
    return Guard<R>(object->errors(), [&] { return kTyped(*object, rest...); });
  }
};

// Entry is a row of a dispatch table: Raw is libcrypto's OSSL_FUNC_..._fn type, against which the compiler
// checks the typed function before its type is lost.
template <int kFunction, class Raw, auto kTyped>
OSSL_DISPATCH Entry() noexcept {
  return {kFunction, reinterpret_cast<void (*)()>(&Exported<Raw, kTyped>::Call)};
}

template <class Raw>
struct WithNoexcept;
template <class R, class... Arguments>
struct WithNoexcept<R(Arguments...)> {
  using Pointer = R (*)(Arguments...) noexcept;
};

// PlainEntry is a row for a function that has no object to report to and cannot fail by throwing.
template <int kFunction, class Raw, auto kTyped>
OSSL_DISPATCH PlainEntry() noexcept {
  static_assert(std::is_same_v<std::remove_cv_t<decltype(kTyped)>, typename WithNoexcept<Raw>::Pointer>);
  return {kFunction, reinterpret_cast<void (*)()>(kTyped)};
}

inline constexpr OSSL_DISPATCH kEndOfTable = {0, nullptr};

}  // namespace signet::provider

#pragma once

#include <signet/signet.h>

#include <stdexcept>
#include <string>

namespace signet::gnutls {

// Refused is an error of this folder's own, with its code.
struct Refused : std::runtime_error {
  explicit Refused(const std::string& text, signet_error_code of = SIGNET_ERROR_UNSUPPORTED)
      : std::runtime_error(text), code(of) {}
  signet_error_code code;
};

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

}  // namespace signet::gnutls

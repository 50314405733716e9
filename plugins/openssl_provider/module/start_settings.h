#pragma once

#include "openssl_provider/module/memory.h"
#include "openssl_provider/module/upcalls.h"

namespace signet::provider::module {

// StartEnvironment is a copy of the variables that are for us, as they are when it is made. There are none in
// a set-user-ID program. It is wiped in the end: a PIN may be in it.
class StartEnvironment {
 public:
  StartEnvironment() noexcept;
  ~StartEnvironment();
  StartEnvironment(const StartEnvironment&) = delete;
  StartEnvironment& operator=(const StartEnvironment&) = delete;

  // entries are NAME=VALUE, with a null behind the last; null where memory was short.
  const char* const* entries() const noexcept { return entries_.get(); }
  // Find gives a variable's value, or null.
  const char* Find(const char* name) const noexcept;

 private:
  LibcPtr<char*> entries_;
};

// ActivatedName is what we were activated under.
const char* ActivatedName(const OSSL_CORE_HANDLE* handle, const Upcalls& upcalls) noexcept;

// LoadsAtActivation reads the setting `load` where settings stand: the environment before openssl.cnf. What
// cannot be read counts as not set; the provider says so at its first use.
bool LoadsAtActivation(const OSSL_CORE_HANDLE* handle, const Upcalls& upcalls,
                       const StartEnvironment& environment) noexcept;

}  // namespace signet::provider::module

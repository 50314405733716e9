#pragma once

#include "base/openssl_ptr.h"

#include <string>

#include <gtest/gtest.h>
#include <openssl/err.h>

namespace signet {

// ModulesDirectory is where this build's signet.so is.
inline const char* ModulesDirectory() { return SIGNET_TEST_MODULES; }

// LibraryContext is an OSSL_LIB_CTX of one test with providers loaded from files, in the order given.
class LibraryContext {
 public:
  explicit LibraryContext(std::initializer_list<const char*> providers = {"default", "signet"})
      : context_(OSSL_LIB_CTX_new()) {
    EXPECT_EQ(OSSL_PROVIDER_set_default_search_path(get(), ModulesDirectory()), 1);
    for (const char* name : providers) {
      providers_.emplace_back(OSSL_PROVIDER_load(get(), name));
      EXPECT_NE(providers_.back(), nullptr) << name;
    }
  }

  OSSL_LIB_CTX* get() const { return context_.get(); }
  OSSL_PROVIDER* provider(std::size_t index) const { return providers_[index].get(); }

 private:
  OpenSslPtr<OSSL_LIB_CTX> context_;
  std::vector<OpenSslPtr<OSSL_PROVIDER>> providers_;
};

// TakeErrors empties the ERR queue into one text, an entry a line: "library:reason:data".
inline std::string TakeErrors() {
  std::string text;
  const char* data = nullptr;
  int flags = 0;
  while (const unsigned long code = ERR_get_error_all(nullptr, nullptr, nullptr, &data, &flags)) {
    const char* library = ERR_lib_error_string(code);
    const char* reason = ERR_reason_error_string(code);
    text += std::string(library != nullptr ? library : "?") + ":" + (reason != nullptr ? reason : "?") + ":" +
            ((flags & ERR_TXT_STRING) != 0 ? data : "") + "\n";
  }
  return text;
}

}  // namespace signet

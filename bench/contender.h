#pragma once

#include "base/openssl_ptr.h"
#include <signet/testing/process.h>
#include <signet/testing/temporary_directory.h>

#include <string>
#include <string_view>
#include <vector>

namespace signet::bench {

// ContenderKind is one way from OpenSSL to a key in a token.
struct ContenderKind {
  enum class Via { kProvider, kEngine };

  std::string_view name;  // a column of the table
  Via via;
  std::string_view file;     // of the provider or engine
  std::string_view module;   // its setting for the PKCS#11 module
  std::string_view further;  // lines of its section in openssl.cnf
};

// Installed gives what is there, Signet first. Providers are looked for in $SIGNET_BENCH_MODULES too. For a
// profile, $SIGNET_BENCH_ONLY names the one contender that takes part.
const std::vector<ContenderKind>& Installed();

// Contender is one of them at work, in a library context of its own that is configured as a user would do it,
// with one PKCS#11 module. Everything throws std::runtime_error or signet::Error.
class Contender {
 public:
  Contender(const ContenderKind& kind, std::string module_path);

  const ContenderKind& kind() const noexcept { return kind_; }
  std::string_view name() const noexcept { return kind_.name; }
  // library is null for an engine, which knows the default context only.
  OSSL_LIB_CTX* library() const noexcept { return library_.get(); }
  // Load gives the private key that a pkcs11: URI names.
  OpenSslPtr<EVP_PKEY> Load(const std::string& uri);
  // environment is what makes another program use this contender.
  testing::Environment environment() const;

 private:
  const ContenderKind& kind_;
  const std::string module_path_;
  testing::TemporaryDirectory directory_;
  std::string config_path_;
  OpenSslPtr<OSSL_LIB_CTX> library_;
  void* engine_ = nullptr;  // lives as long as the process
};

}  // namespace signet::bench

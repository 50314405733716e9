#pragma once

#include "base/percent_encoding.h"
#include "foreign_program.h"
#include <signet/testing/process.h>
#include <signet/testing/soft_hsm.h>
#include <signet/testing/temporary_directory.h>
#include <signet/testing/test_pki.h>

#include <optional>
#include <string>

namespace signet {

enum class Where { kPkcs11, kPkcs12 };

// KeyStore puts one identity into a fresh SoftHSM token or PKCS#12 file, and runs programs that see it.
class KeyStore {
 public:
  KeyStore(Where where, const testing::TestIdentity& identity) : where_(where) {
    if (where == Where::kPkcs11) {
      token_.emplace();
      token_->Import(identity, {.id = "\x07", .label = "alice"});
    } else {
      file_ = directory_.Write("alice.p12", testing::MakePkcs12(identity));
    }
    Write("certificate.pem", identity.ChainPem());
    Write("root.pem", identity.RootPem());
  }

  // uri names the identity and carries its PIN.
  std::string uri() const { return Uri(true); }
  std::string Uri(bool with_pin) const {
    if (token_) return token_->ObjectUri("\x07", with_pin);
    return "pkcs12:" + PercentEncode(file_, "/") + (with_pin ? "?pin-value=secret" : "");
  }
  std::string pin() const { return token_ ? token_->pin() : "secret"; }
  std::string Write(std::string_view name, std::string_view text) const {
    return directory_.Write(name, text);
  }
  std::string Path(std::string_view name) const { return directory_.path() + "/" + std::string(name); }

  testing::Environment environment() const {
    testing::Environment environment = {{"OPENSSL_MODULES", SIGNET_TEST_MODULES}};
    if (!token_) return environment;
    environment.merge(token_->environment());
    environment["PKCS11_PROVIDER_MODULE"] = testing::SoftHsm::module_path();
    return environment;
  }
  // Command is of a program that is not ours.
  testing::Command Command(std::vector<std::string> argv) const {
    testing::Environment whole = ForeignEnvironment();
    whole.merge(environment());
    return {.argv = std::move(argv),
            .environment = std::move(whole),
            .unset = {"OPENSSL_CONF"},
            .directory = directory_.path()};
  }
  // OpenSsl runs `openssl VERB` with both providers and then `arguments`, in the directory.
  testing::ProcessResult OpenSsl(std::string verb, std::vector<std::string> arguments) const {
    return testing::RunProgram(Command(WithProviders(std::move(verb), std::move(arguments))));
  }
  static std::vector<std::string> WithProviders(std::string verb, std::vector<std::string> arguments) {
    std::vector<std::string> argv = {"openssl", std::move(verb), "-provider",
                                     "default", "-provider",     "signet"};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return argv;
  }

 private:
  const Where where_;
  testing::TemporaryDirectory directory_;
  std::optional<testing::SoftHsm> token_;
  std::string file_;
};

// TokenEnvironment shows the store's token to SoftHSM in this process. Make it before SoftHSM is first used.
class TokenEnvironment {
 public:
  explicit TokenEnvironment(const KeyStore& store) {
    setenv("SOFTHSM2_CONF", store.environment().at("SOFTHSM2_CONF").c_str(), 1);
  }
  ~TokenEnvironment() { unsetenv("SOFTHSM2_CONF"); }
  TokenEnvironment(const TokenEnvironment&) = delete;
  TokenEnvironment& operator=(const TokenEnvironment&) = delete;
};

}  // namespace signet

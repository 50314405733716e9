#pragma once

#include <signet/export.h>
#include <signet/pin_source.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace signet {

// Settings stores the user's settings, with the same grammar for all places: `name = value` in openssl.cnf,
// SIGNET_NAME in the environment, --set name=value in the command, a provider parameter. It does not read
// these places: see signet/configuration.h.
class SIGNET_EXPORT Settings {
 public:
  // LoginBehavior says when to log in to a token for its certificates and public keys.
  enum class LoginBehavior { kAuto, kAlways, kNever };
  // PassPhraseIsPin says whether the pass phrase of a program goes to a token as its PIN.
  enum class PassPhraseIsPin { kNo, kYes, kAlways };
  // Load says when the OpenSSL provider loads its libraries.
  enum class Load { kFirstUse, kActivation };

  // Set parses one setting; throws Error kBadSetting for an unknown name (with the most similar name) or an
  // invalid value. Several modules are accumulated; for other settings the new value replaces the old one.
  void Set(std::string_view name, std::string_view value);

  // modules: paths of PKCS#11 modules; empty for all modules that are configured in p11-kit.
  std::vector<std::string> modules;
  std::string module_init_args;  // passed to C_Initialize of each module; empty: none
  // token_pin: used for URIs without a PIN. It is sent only if the URI names the token, or if `modules` names
  // one module and exactly one of its tokens matches.
  PinSource token_pin;
  // login_behavior is for tokens that hide certificates and public keys: log in before the search (kAlways),
  // or if the search finds nothing and a PIN is available (kAuto). Private keys need a login in any case.
  // kAlways logs in even to tokens that do not require it.
  LoginBehavior login_behavior = LoginBehavior::kAuto;
  std::uint32_t max_sessions = 0;  // per token; 0: what the token allows
  // session_idle: sessions are closed after this idle time, except one; 0: never. Some tokens close them
  // after 30 s.
  std::chrono::milliseconds session_idle{20'000};
  bool allow_final_try = false;  // send a PIN to a token that reports its final try
  // pass_phrase_is_pin: whether a pass phrase that a program passes to OpenSSL is sent to a token as its PIN:
  // once and not while the token reports a wrong PIN (kYes), even then (kAlways), or never (kNo).
  PassPhraseIsPin pass_phrase_is_pin = PassPhraseIsPin::kYes;
  // pem_pin_sources: whether a PEM file that points to a private key may contain pin-value or an fd:
  // pin-source.
  bool pem_pin_sources = true;
  // load: when the OpenSSL provider loads its libraries and the PKCS#11 modules. kActivation is for programs
  // that enter a chroot before they read keys.
  Load load = Load::kFirstUse;
  std::chrono::milliseconds call_timeout{0};        // 0: no limit
  std::string chain_file;                           // PEM; completes every chain
  std::uint64_t pkcs12_max_iterations = 5'000'000;  // of one derivation, as stated in the file
  // pkcs12_max_total_iterations: of all derivations of a file, multiplied by their blocks of output, for each
  // password attempt.
  std::uint64_t pkcs12_max_total_iterations = 50'000'000;
  std::uint64_t pkcs12_max_file_size = 16 << 20;  // bytes
  std::string call_log;                           // "stderr" or a path; empty: none
  // call_log_callback takes each line of the call log beside call_log, from any thread; it must not throw.
  std::function<void(std::string_view line)> call_log_callback;
  bool encode_provider_uri_to_pem = false;  // writing a token's key gives a PEM file that points to it
  // config_file: signet-config, the file of named identities; not read yet.
  std::string config_file;
};

}  // namespace signet

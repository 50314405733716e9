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

// Settings hold what a user can set, under one grammar wherever it comes from: `name = value` in openssl.cnf,
// SIGNET_NAME in the environment, --set name=value at the command, a provider parameter. They read none of
// these places: signet/configuration.h does.
class SIGNET_EXPORT Settings {
 public:
  enum class LoginBehavior { kAuto, kAlways, kNever };
  enum class PassPhraseIsPin { kNo, kYes, kAlways };

  // Set reads one setting; throws Error kBadSetting for a name that does not exist (and says what is closest)
  // or a value that it cannot have. Modules add up, any other setting takes the place of what it was.
  void Set(std::string_view name, std::string_view value);

  // modules: paths of PKCS#11 modules; empty for all that p11-kit has configured.
  std::vector<std::string> modules;
  std::string module_init_args;
  // token_pin: used where a URI brings no PIN of its own, and sent only where the URI names the token, or
  // where `modules` names one module and that has one token that fits.
  PinSource token_pin;
  // login_behavior is about certificates and public keys, for tokens that hide them: log in before looking
  // for them (kAlways), or when none was found and a PIN is given (kAuto). Private keys are behind a login in
  // any case; kAlways logs in to tokens, too, that do not ask for it.
  LoginBehavior login_behavior = LoginBehavior::kAuto;
  std::uint32_t max_sessions = 0;  // per token; 0: what the token allows
  // session_idle: sessions that nobody used for so long are closed, except one; 0: kept. Some tokens drop
  // them at 30 s.
  std::chrono::milliseconds session_idle{20'000};
  bool allow_final_try = false;  // send a PIN to a token that reports its final try
  // pass_phrase_is_pin: whether the pass phrase that a program hands to OpenSSL goes to a token as its PIN:
  // once and not while the token reports a wrong PIN (kYes), then too (kAlways), or never (kNo).
  PassPhraseIsPin pass_phrase_is_pin = PassPhraseIsPin::kYes;
  // pem_pin_sources: whether a PEM file that points at a private key may carry pin-value or an fd:
  // pin-source.
  bool pem_pin_sources = true;
  std::chrono::milliseconds call_timeout{0};        // 0: wait for ever
  std::string chain_file;                           // PEM; completes every chain
  std::uint64_t pkcs12_max_iterations = 5'000'000;  // of one derivation, as the file states them
  // pkcs12_max_total_iterations: of all derivations of a file, times the blocks that each gives, for every
  // password that is tried.
  std::uint64_t pkcs12_max_total_iterations = 50'000'000;
  std::uint64_t pkcs12_max_file_size = 16 << 20;  // bytes
  std::string call_log;                           // "stderr" or a path; empty: none
  std::function<void(std::string_view line)> call_log_callback;
  bool encode_provider_uri_to_pem = false;
  // config_file: signet-config, the file of named identities; not read yet.
  std::string config_file;
};

}  // namespace signet

#pragma once

#include "pkcs11/module/cryptoki.h"
#include <signet/settings.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace signet::inline pkcs11 {

// CalledOn describes the objects of a call, for the log and for Module::Call.
struct CalledOn {
  std::string_view token;  // label; empty: the module itself
  CK_MECHANISM_TYPE mechanism = CK_UNAVAILABLE_INFORMATION;
  std::uint64_t initialisation = 0;  // of the module, in which the session was opened; 0: no session
};

// CallLog writes one line for each PKCS#11 call: time, thread, module, token, function, mechanism,
// result, duration. It never writes arguments, so it cannot contain PINs or keys. Thread-safe.
class CallLog {
 public:
  // FromSettings opens the log that the settings name, or gives null for none; throws Error kBadSetting when
  // the file cannot be written.
  static std::shared_ptr<CallLog> FromSettings(const Settings& settings);

  explicit CallLog(std::function<void(std::string_view line)> write) : write_(std::move(write)) {}

  void Write(std::string_view module, const char* function, const CalledOn& on, CK_RV rv,
             std::chrono::steady_clock::duration took);

 private:
  std::function<void(std::string_view line)> write_;
};

}  // namespace signet::inline pkcs11

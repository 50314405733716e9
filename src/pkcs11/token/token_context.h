#pragma once

#include "pkcs11/module/module.h"
#include "pkcs11/module/token_name.h"
#include "process/call_guard.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace signet::inline pkcs11 {

// TokenContext is the constant state of a Token.
struct TokenContext {
  std::shared_ptr<Module> module;
  std::shared_ptr<CallGuard> guard;
  TokenName name;
  std::string label;  // of `name`
  std::uint32_t max_sessions = 0;
  std::chrono::milliseconds session_idle{0};  // 0: sessions are kept
  bool read_write = false;                    // sessions may change the token
};

}  // namespace signet::inline pkcs11

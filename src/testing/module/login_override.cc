#include "testing/module/overrides.h"

#include <cstring>

namespace signet::testing {
namespace {

// ContextLogin answers C_Login(CKU_CONTEXT_SPECIFIC), which SoftHSM knows only for keys that were made so.
CK_RV ContextLogin(Module& module, const Rules& rules, CK_SESSION_HANDLE session, std::string_view pin) {
  if (module.Context(session) != SessionState::Context::kWantsLogin) return CKR_OPERATION_NOT_INITIALIZED;
  if (pin != rules.behaviour.context_pin) {
    module.SetContext(session, SessionState::Context::kIdle);
    return CKR_PIN_INCORRECT;
  }
  module.SetContext(session, SessionState::Context::kLoggedIn);
  return CKR_OK;
}

CK_RV RealLogin(Module& module, CK_SESSION_HANDLE session, CK_USER_TYPE user, std::string_view pin) {
  std::string copy(pin);
  return module.real().C_Login(session, user, reinterpret_cast<unsigned char*>(copy.data()), copy.size());
}

}  // namespace

CK_RV Login(Module& module, const Rules& rules, CK_SESSION_HANDLE session, CK_USER_TYPE user,
            unsigned char* pin, CK_ULONG size) {
  const ModuleBehaviour& behaviour = rules.behaviour;
  const bool reader = pin == nullptr && !behaviour.reader_pin.empty();
  const std::string_view given =
      reader ? behaviour.reader_pin
             : std::string_view(reinterpret_cast<const char*>(pin), pin != nullptr ? size : 0);
  if (pin == nullptr && !reader) return module.real().C_Login(session, user, nullptr, 0);
  const bool counted = behaviour.pin_tries > 0 && user != CKU_SO;
  std::atomic<std::int32_t>& wrong = module.shared().wrong_pins;
  if (counted && wrong >= behaviour.pin_tries) return CKR_PIN_LOCKED;
  const bool context = user == CKU_CONTEXT_SPECIFIC &&
                       behaviour.always_authenticate != ModuleBehaviour::AlwaysAuthenticate::kAsIs;
  const CK_RV result =
      context ? ContextLogin(module, rules, session, given) : RealLogin(module, session, user, given);
  if (counted && result == CKR_PIN_INCORRECT) ++wrong;
  if (counted && result == CKR_OK) wrong = 0;
  return result;
}

}  // namespace signet::testing

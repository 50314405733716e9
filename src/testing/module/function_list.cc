// signet-testing-pkcs11.so: a PKCS#11 module that forwards to another one, counts, and misbehaves as it is
// told.
#include "testing/module/overrides.h"

#include <cstdio>
#include <exception>

namespace signet::testing {
namespace {

// TakesSession tells whether a function's first argument is a session.
constexpr bool TakesSession(std::size_t function) {
  for (const std::size_t other : {kC_Initialize, kC_Finalize, kC_GetInfo, kC_GetFunctionList, kC_GetSlotList,
                                  kC_GetSlotInfo, kC_GetTokenInfo, kC_GetMechanismList, kC_GetMechanismInfo,
                                  kC_InitToken, kC_OpenSession, kC_CloseAllSessions, kC_WaitForSlotEvent}) {
    if (function == other) return false;
  }
  return true;
}

// KeepsContext tells whether a call on the session leaves alone the wait for the key's own PIN: nothing else
// may come between C_SignInit, C_Login and C_Sign.
constexpr bool KeepsContext(std::size_t function) {
  return function == kC_SignInit || function == kC_DecryptInit || function == kC_Login ||
         function == kC_Sign || function == kC_Decrypt;
}

template <class First, class... Rest>
CK_SESSION_HANDLE FirstOf(First first, Rest...) {
  if constexpr (std::is_same_v<First, CK_SESSION_HANDLE>) {
    return first;
  } else {
    return 0;
  }
}

template <std::size_t kFunction, auto kMember>
struct Forward;

template <std::size_t kFunction, class... Arguments, CK_RV (*CK_FUNCTION_LIST::*kMember)(Arguments...)>
struct Forward<kFunction, kMember> {
  static CK_RV Call(Arguments... arguments) noexcept {
    try {
      const CK_SESSION_HANDLE session = TakesSession(kFunction) ? FirstOf(arguments...) : 0;
      return Module::Get().Call(kFunction, session, [&](Module& module, const Rules& rules) {
        if (session != 0 && !KeepsContext(kFunction))
          module.SetContext(session, SessionState::Context::kIdle);
        if constexpr (requires { Override<kFunction>::kInstead; }) {
          return Override<kFunction>::kInstead(module, rules, arguments...);
        } else {
          return (module.real().*kMember)(arguments...);
        }
      });
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s\n", error.what());
      return CKR_GENERAL_ERROR;
    }
  }
};

#define SIGNET_FORWARD(name) &Forward<k##name, &CK_FUNCTION_LIST::name>::Call,

CK_FUNCTION_LIST* Functions() {
  static CK_FUNCTION_LIST functions = [] {
    CK_FUNCTION_LIST list = {{2, 40}, SIGNET_PKCS11_FUNCTIONS(SIGNET_FORWARD)};
    return list;
  }();
  return &functions;
}

#undef SIGNET_FORWARD

}  // namespace
}  // namespace signet::testing

extern "C" __attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST** list) {
  if (list == nullptr) return CKR_ARGUMENTS_BAD;
  try {
    signet::testing::Module::Get();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return CKR_GENERAL_ERROR;
  }
  *list = signet::testing::Functions();
  return CKR_OK;
}

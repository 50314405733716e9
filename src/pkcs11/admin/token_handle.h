#pragma once

#include "pkcs11/admin/token_place.h"
#include "pkcs11/module/module.h"
#include "pkcs11/module/token_name.h"
#include "pkcs11/token/token.h"
#include "process/call_guard.h"

#include <memory>

namespace signet::inline pkcs11 {

// TokenHandle is the content of a TokenPlace.
struct TokenHandle {
  std::shared_ptr<Module> module;
  CK_SLOT_ID slot = 0;
  TokenName name;
  Settings settings;
  std::shared_ptr<CallGuard> guard;  // what work on the token is to run under
};

// PlaceIn reads the token in the slot of `like`; throws Error kTokenAbsent and others of C_GetTokenInfo.
TokenPlace PlaceIn(TokenHandle like);

// OpenToken gives the token of a place, in sessions that may change it.
std::shared_ptr<Token> OpenToken(const TokenHandle& handle);

}  // namespace signet::inline pkcs11

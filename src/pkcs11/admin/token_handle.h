#pragma once

#include "pkcs11/admin/token_place.h"
#include "pkcs11/module/module.h"

#include <memory>

namespace signet {

// TokenHandle is what a TokenPlace stands for.
struct TokenHandle {
  std::shared_ptr<Module> module;
  CK_SLOT_ID slot = 0;
  CK_TOKEN_INFO info{};
  Settings settings;
};

// PlaceIn reads the token in a slot; throws Error kTokenAbsent and others of C_GetTokenInfo.
TokenPlace PlaceIn(const std::shared_ptr<Module>& module, CK_SLOT_ID slot, const Settings& settings);

}  // namespace signet

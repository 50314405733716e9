#pragma once

#include "pkcs11/admin/token_place.h"
#include "pkcs11/module/module.h"
#include "pkcs11/module/token_name.h"

#include <memory>

namespace signet {

// TokenHandle is what a TokenPlace stands for.
struct TokenHandle {
  std::shared_ptr<Module> module;
  CK_SLOT_ID slot = 0;
  TokenName name;
  Settings settings;
};

// PlaceIn reads the token in a slot; throws Error kTokenAbsent and others of C_GetTokenInfo.
TokenPlace PlaceIn(const std::shared_ptr<Module>& module, CK_SLOT_ID slot, const Settings& settings);

}  // namespace signet

#pragma once

#include "pkcs11/module/token_name.h"
#include <signet/error.h>

#include <string>
#include <string_view>
#include <vector>

#include <p11-kit/p11-kit.h>

namespace signet::testing {

// RawModule is a module as a program without Signet uses it: loaded and initialised through p11-kit.
class RawModule {
 public:
  explicit RawModule(const std::string& path) : functions_(p11_kit_module_load(path.c_str(), 0)) {
    if (functions_ == nullptr || p11_kit_module_initialize(functions_) != CKR_OK) {
      throw Error({.code = ErrorCode::kModuleTrouble, .detail = "cannot load " + path});
    }
  }
  ~RawModule() {
    p11_kit_module_finalize(functions_);
    p11_kit_module_release(functions_);
  }
  RawModule(const RawModule&) = delete;
  RawModule& operator=(const RawModule&) = delete;

  CK_FUNCTION_LIST* functions() const noexcept { return functions_; }
  // SlotOf throws Error kTokenAbsent if no token has the label.
  CK_SLOT_ID SlotOf(std::string_view label) const {
    CK_ULONG count = 0;
    functions_->C_GetSlotList(CK_TRUE, nullptr, &count);
    std::vector<CK_SLOT_ID> slots(count);
    functions_->C_GetSlotList(CK_TRUE, slots.data(), &count);
    for (const CK_SLOT_ID slot : slots) {
      CK_TOKEN_INFO info{};
      if (functions_->C_GetTokenInfo(slot, &info) != CKR_OK) continue;
      const std::string padded = TextOf(info.label);
      if (std::string_view(padded.c_str()) == label) return slot;
    }
    throw Error({.code = ErrorCode::kTokenAbsent, .detail = "no token has the label " + std::string(label)});
  }

 private:
  CK_FUNCTION_LIST* functions_;
};

}  // namespace signet::testing

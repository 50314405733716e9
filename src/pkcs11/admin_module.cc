#include "pkcs11/admin_error.h"
#include "pkcs11/token_admin.h"
#include <signet/error.h>

#include <string>

#include <fmt/format.h>
#include <p11-kit/p11-kit.h>

namespace signet {
namespace {

// LabelOf strips the padding of CK_TOKEN_INFO, whatever the token pads with.
std::string LabelOf(const CK_TOKEN_INFO& info) {
  std::string label(reinterpret_cast<const char*>(info.label), sizeof(info.label));
  label.resize(std::min(label.find('\0'), label.size()));
  label.resize(label.find_last_not_of(' ') + 1);
  return label;
}

}  // namespace

AdminModule::AdminModule(const std::string& path) : functions_(p11_kit_module_load(path.c_str(), 0)) {
  if (functions_ == nullptr) {
    const char* why = p11_kit_message();
    throw Error({.code = ErrorCode::kModuleTrouble,
                 .detail = fmt::format("{} is no PKCS#11 module that can be loaded{}{}", path,
                                       why != nullptr ? ": " : "", why != nullptr ? why : ""),
                 .call = "p11_kit_module_load",
                 .mend = "Name the module's shared library with --module."});
  }
  const CK_RV result = p11_kit_module_initialize(functions_);
  if (result == CKR_OK) return;
  p11_kit_module_release(functions_);
  CheckAdmin(result, "C_Initialize", ErrorCode::kModuleTrouble);
}

AdminModule::~AdminModule() {
  p11_kit_module_finalize(functions_);
  p11_kit_module_release(functions_);
}

CK_SLOT_ID AdminModule::SlotOf(std::string_view label) const {
  CK_ULONG count = 0;
  CheckAdmin(functions_->C_GetSlotList(CK_TRUE, nullptr, &count), "C_GetSlotList");
  std::vector<CK_SLOT_ID> slots(count);
  CheckAdmin(functions_->C_GetSlotList(CK_TRUE, slots.data(), &count), "C_GetSlotList");
  slots.resize(count);
  std::optional<CK_SLOT_ID> found;
  for (const CK_SLOT_ID slot : slots) {
    CK_TOKEN_INFO info{};
    if (functions_->C_GetTokenInfo(slot, &info) != CKR_OK || (info.flags & CKF_TOKEN_INITIALIZED) == 0)
      continue;
    if (LabelOf(info) != label) continue;
    if (found) {
      throw Error({.code = ErrorCode::kAmbiguous,
                   .detail = fmt::format("more than one token bears the label \"{}\"", label),
                   .token = std::string(label),
                   .mend = "Take the other token out, or give the tokens labels of their own."});
    }
    found = slot;
  }
  if (found) return *found;
  throw Error({.code = ErrorCode::kTokenAbsent,
               .detail = fmt::format("no token bears the label \"{}\"", label),
               .token = std::string(label),
               .mend = "Insert the token, or check the label with `signet doctor`."});
}

}  // namespace signet

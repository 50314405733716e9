#include "pkcs11/admin/admin_error.h"
#include "pkcs11/admin/token_admin.h"
#include <signet/error.h>

#include <string>

#include <fmt/format.h>
#include <p11-kit/p11-kit.h>

namespace signet {
namespace {

// TextOf strips the padding of a text in CK_TOKEN_INFO, whatever the token pads with.
template <std::size_t kSize>
std::string TextOf(const unsigned char (&field)[kSize]) {
  std::string text(reinterpret_cast<const char*>(field), kSize);
  text.resize(std::min(text.find('\0'), text.size()));
  text.resize(text.find_last_not_of(' ') + 1);
  return text;
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

std::vector<AdminModule::Slot> AdminModule::Slots() const {
  CK_ULONG count = 0;
  CheckAdmin(functions_->C_GetSlotList(CK_TRUE, nullptr, &count), "C_GetSlotList");
  std::vector<CK_SLOT_ID> ids(count);
  CheckAdmin(functions_->C_GetSlotList(CK_TRUE, ids.data(), &count), "C_GetSlotList");
  ids.resize(count);
  std::vector<Slot> slots;
  for (const CK_SLOT_ID id : ids) {
    Slot slot{.id = id};
    if (functions_->C_GetTokenInfo(id, &slot.info) != CKR_OK) continue;
    slot.label = TextOf(slot.info.label);
    slot.serial = TextOf(slot.info.serialNumber);
    slot.manufacturer = TextOf(slot.info.manufacturerID);
    slot.model = TextOf(slot.info.model);
    slots.push_back(std::move(slot));
  }
  return slots;
}

CK_SLOT_ID AdminModule::SlotOf(std::string_view label, std::string_view serial) const {
  std::optional<CK_SLOT_ID> found;
  for (const Slot& slot : Slots()) {
    if (!slot.initialised() || slot.label != label || (!serial.empty() && slot.serial != serial)) continue;
    if (found) {
      throw Error({.code = ErrorCode::kAmbiguous,
                   .detail = fmt::format("more than one token bears the label \"{}\"", label),
                   .token = std::string(label),
                   .mend = "Take the other token out, or give the tokens labels of their own."});
    }
    found = slot.id;
  }
  if (found) return *found;
  throw Error({.code = ErrorCode::kTokenAbsent,
               .detail = fmt::format("no token bears the label \"{}\"", label),
               .token = std::string(label),
               .mend = "Insert the token, or check the label with `signet doctor`."});
}

}  // namespace signet

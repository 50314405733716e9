#include "base/percent_encoding.h"
#include "libp11/provisioning.h"
#include "pkcs11/admin/token_admin.h"
#include <signet/error.h>

#include <algorithm>

#include <fmt/format.h>
#include <p11-kit/p11-kit.h>

namespace signet {
namespace {

// WholePath finds a module that p11-kit's configuration names without a folder.
std::string WholePath(const std::string& path) {
  return path.find('/') != std::string::npos ? path : fmt::format("{}/{}", SIGNET_P11_KIT_MODULES, path);
}

// ConfiguredModules gives the paths of p11-kit's modules that may hold keys.
std::vector<std::string> ConfiguredModules() {
  std::vector<std::string> paths;
  CK_FUNCTION_LIST** modules = p11_kit_modules_load(nullptr, 0);
  for (CK_FUNCTION_LIST** module = modules; module != nullptr && *module != nullptr; ++module) {
    char* name = p11_kit_module_get_filename(*module);
    if (name != nullptr && (p11_kit_module_get_flags(*module) & P11_KIT_MODULE_TRUSTED) == 0) {
      paths.push_back(WholePath(name));
    }
    std::free(name);
  }
  if (modules != nullptr) p11_kit_modules_release(modules);
  return paths;
}

TokenPlace PlaceOf(const std::string& path, const AdminModule::Slot& slot) {
  const auto says = [&](CK_FLAGS flag) { return (slot.info.flags & flag) != 0; };
  return {.module_path = path,
          .label = slot.label,
          .serial = slot.serial,
          .manufacturer = slot.manufacturer,
          .model = slot.model,
          .reader_asks = says(CKF_PROTECTED_AUTHENTICATION_PATH),
          .count_low = says(CKF_USER_PIN_COUNT_LOW),
          .final_try = says(CKF_USER_PIN_FINAL_TRY),
          .locked = says(CKF_USER_PIN_LOCKED)};
}

// ForEachSlot visits the slots of all modules. A module that the user named must work; of the configured ones
// those that do not are passed over.
template <class Visit>
void ForEachSlot(const std::vector<std::string>& modules, Visit visit) {
  const std::vector<std::string> paths = modules.empty() ? ConfiguredModules() : modules;
  for (const std::string& path : paths) {
    try {
      const AdminModule module(path);
      for (const AdminModule::Slot& slot : module.Slots()) visit(path, slot);
    } catch (const Error&) {
      if (!modules.empty()) throw;
    }
  }
}

}  // namespace

std::vector<TokenPlace> FindTokens(const std::vector<std::string>& modules) {
  std::vector<TokenPlace> places;
  ForEachSlot(modules, [&](const std::string& path, const AdminModule::Slot& slot) {
    if (slot.initialised()) places.push_back(PlaceOf(path, slot));
  });
  return places;
}

std::string BlankTokenModule(const std::vector<std::string>& modules) {
  std::vector<std::string> paths;
  ForEachSlot(modules, [&](const std::string& path, const AdminModule::Slot& slot) {
    if (!slot.initialised() && std::ranges::find(paths, path) == paths.end()) paths.push_back(path);
  });
  if (paths.size() == 1) return paths.front();
  if (paths.empty()) {
    throw Error({.code = ErrorCode::kTokenAbsent,
                 .detail = "there is no blank token",
                 .mend = "Insert a blank token, or name the module with --module."});
  }
  throw Error({.code = ErrorCode::kAmbiguous,
               .detail = fmt::format("{} modules have a blank token", paths.size()),
               .mend = "Name one with --module."});
}

std::string UriOf(const TokenPlace& token, const ObjectName* object) {
  std::string uri = fmt::format("pkcs11:token={}", PercentEncode(token.label));
  if (!token.serial.empty()) uri += fmt::format(";serial={}", PercentEncode(token.serial));
  if (object == nullptr) return uri;
  if (!object->id.empty()) {
    uri += ";id=";
    for (const std::uint8_t byte : object->id) uri += fmt::format("%{:02X}", byte);
  }
  if (!object->label.empty()) uri += fmt::format(";object={}", PercentEncode(object->label));
  return uri;
}

}  // namespace signet

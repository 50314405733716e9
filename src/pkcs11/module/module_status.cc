#include "pkcs11/module/module_status.h"

#include "pkcs11/module/module.h"
#include "pkcs11/token/token.h"

#include <filesystem>
#include <memory>

namespace signet::inline pkcs11 {
namespace {

using Modules = std::vector<std::shared_ptr<Module>>;

bool Has(const CK_TOKEN_INFO& info, CK_FLAGS flag) { return (info.flags & flag) != 0; }

TokenStatus StatusOf(const CK_TOKEN_INFO& info) {
  return {.label = TextOf(info.label),
          .model = TextOf(info.model),
          .serial = TextOf(info.serialNumber),
          .initialised = Has(info, CKF_TOKEN_INITIALIZED),
          .needs_login = Has(info, CKF_LOGIN_REQUIRED),
          .pin_set = Has(info, CKF_USER_PIN_INITIALIZED),
          .pin_count_low = Has(info, CKF_USER_PIN_COUNT_LOW),
          .pin_final_try = Has(info, CKF_USER_PIN_FINAL_TRY),
          .pin_locked = Has(info, CKF_USER_PIN_LOCKED),
          .reader_asks = Has(info, CKF_PROTECTED_AUTHENTICATION_PATH)};
}

ModuleStatus StatusOf(Module& module) {
  ModuleStatus status{.name = module.name(), .path = module.path(), .holds_trust = module.holds_trust()};
  try {
    module.EnsureReady();
    for (const CK_SLOT_ID slot : module.SlotsWithToken())
      status.tokens.push_back(StatusOf(module.TokenInfo(slot)));
  } catch (const Error& error) {
    status.trouble = error;
  }
  return status;
}

// Open opens one module, or with an empty path, or p11-kit's proxy, all that p11-kit has configured.
Modules Open(const std::string& path, const Settings& settings) {
  const auto log = CallLog::FromSettings(settings);
  if (path.empty() || std::filesystem::path(path).filename() == "p11-kit-proxy.so") {
    return Module::LoadConfigured(settings.module_init_args, log);
  }
  return {Module::Load(path, settings.module_init_args, log)};
}

}  // namespace

std::vector<ModuleStatus> StatusOfModules(const Settings& settings) {
  const std::vector<std::string> paths =
      settings.modules.empty() ? std::vector<std::string>{""} : settings.modules;
  std::vector<ModuleStatus> all;
  for (const std::string& path : paths) {
    try {
      for (const auto& module : Open(path, settings)) all.push_back(StatusOf(*module));
    } catch (const Error& error) {
      all.push_back({.name = path.empty() ? "p11-kit" : path, .path = path, .trouble = error});
    }
  }
  return all;
}

}  // namespace signet::inline pkcs11

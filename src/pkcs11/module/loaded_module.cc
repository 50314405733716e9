#include "pkcs11/module/loaded_module.h"

#include <signet/error.h>

#include <cstdlib>

#include <fmt/format.h>
#include <unistd.h>

namespace signet::inline pkcs11 {
namespace {

std::string Taken(char* text) {
  const std::unique_ptr<char, decltype(&std::free)> owned(text, &std::free);
  return text != nullptr ? text : "";
}

std::string LoadFailure() {
  const char* message = p11_kit_message();
  return message != nullptr ? message : "p11-kit gives no reason";
}

}  // namespace

void ReleaseModule::operator()(CK_FUNCTION_LIST* functions) const noexcept {
  p11_kit_module_release(functions);
}

LoadedModule LoadModule(const std::string& path) {
  LoadedModule module(p11_kit_module_load(path.c_str(), 0));
  if (module != nullptr) return module;
  const bool missing = path.starts_with('/') && access(path.c_str(), F_OK) != 0;
  throw Error(
      {.code = ErrorCode::kModuleTrouble,
       .detail = missing ? fmt::format("there is no PKCS#11 module at {}", path)
                         : fmt::format("{} cannot be loaded as a PKCS#11 module: {}", path, LoadFailure()),
       .call = "p11_kit_module_load",
       .hint = "Give the path of the token's PKCS#11 module, a shared library, or no path to use all modules "
               "that are configured in p11-kit."});
}

std::vector<LoadedModule> LoadConfiguredModules() {
  const std::unique_ptr<CK_FUNCTION_LIST*, decltype(&std::free)> list(p11_kit_modules_load(nullptr, 0),
                                                                      &std::free);
  if (list == nullptr) {
    throw Error({.code = ErrorCode::kModuleTrouble,
                 .detail = fmt::format("the modules that are configured in p11-kit cannot be loaded: {}",
                                       LoadFailure()),
                 .call = "p11_kit_modules_load",
                 .hint = "Check with `p11-kit list-modules`, or give the path of a module."});
  }
  std::vector<LoadedModule> modules;
  for (CK_FUNCTION_LIST** functions = list.get(); *functions != nullptr; ++functions)
    modules.emplace_back(*functions);
  return modules;
}

LoadedModule LoadUncounted(const std::string& path) {
  return LoadedModule(p11_kit_module_load(path.c_str(), P11_KIT_MODULE_UNMANAGED));
}

std::string NameOf(CK_FUNCTION_LIST* functions) { return Taken(p11_kit_module_get_name(functions)); }
std::string FileOf(CK_FUNCTION_LIST* functions) { return Taken(p11_kit_module_get_filename(functions)); }
std::string OptionOf(CK_FUNCTION_LIST* functions, const char* option) {
  return Taken(p11_kit_config_option(functions, option));
}

}  // namespace signet::inline pkcs11

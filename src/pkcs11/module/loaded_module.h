#pragma once

#include "pkcs11/module/cryptoki.h"

#include <memory>
#include <string>
#include <vector>

namespace signet::inline pkcs11 {

// LoadedModule owns a module that p11-kit has loaded; its destructor releases it.
struct ReleaseModule {
  void operator()(CK_FUNCTION_LIST* functions) const noexcept;
};
using LoadedModule = std::unique_ptr<CK_FUNCTION_LIST, ReleaseModule>;

// LoadModule gives a view of the module at `path`; throws Error kModuleTrouble.
LoadedModule LoadModule(const std::string& path);
// LoadConfiguredModules gives views of all modules that p11-kit has configured; throws Error kModuleTrouble.
std::vector<LoadedModule> LoadConfiguredModules();
// LoadUncounted gives the module itself, whose C_Initialize p11-kit does not count; null if it cannot be
// loaded.
LoadedModule LoadUncounted(const std::string& path);

// NameOf, FileOf and OptionOf give what p11-kit knows of a view; empty if it does not.
std::string NameOf(CK_FUNCTION_LIST* functions);
std::string FileOf(CK_FUNCTION_LIST* functions);
std::string OptionOf(CK_FUNCTION_LIST* functions, const char* option);

}  // namespace signet::inline pkcs11

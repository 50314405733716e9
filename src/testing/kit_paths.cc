#include "testing/kit_paths.h"

#include <stdexcept>

#include <dlfcn.h>
#include <unistd.h>

namespace signet::testing {

std::string KitProgram(std::string_view name) {
  Dl_info here{};
  if (dladdr(reinterpret_cast<const void*>(&KitProgram), &here) == 0 || here.dli_fname == nullptr) {
    throw std::runtime_error("cannot tell where libsignet-testing.so is");
  }
  const std::string library(here.dli_fname);
  const std::string folder = library.substr(0, library.rfind('/') + 1);
  for (const char* below : {"", "signet/", "../lib/"}) {
    const std::string path = folder + below + std::string(name);
    if (access(path.c_str(), R_OK) == 0) return path;
  }
  throw std::runtime_error("the testing kit lacks " + std::string(name) + " beside " + library);
}

}  // namespace signet::testing

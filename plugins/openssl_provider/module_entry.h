#pragma once

#include <signet/export.h>

#include <openssl/core.h>

// What signet.so asks of libsignet.so, which it opens at the first use. Both are of one build: the names of
// these functions are looked up, and `build` is compared.
namespace signet::provider {

// kBuild is the version by which code of the same build knows the provider.
inline constexpr const char* kBuild = SIGNET_VERSION;
// kBuildParam and kContextParam are parameters of the provider: its build, and its ProviderContext, which is
// made then where there is none yet; see handover.cc.
inline constexpr const char* kBuildParam = "signet-build";
inline constexpr const char* kContextParam = "signet-context";

// ModuleStart is what signet.so was given when it was activated.
struct ModuleStart {
  const char* build;
  const OSSL_CORE_HANDLE* handle;
  const OSSL_DISPATCH* upcalls;
  // The variables of that time that are for us, NAME=VALUE, a null behind the last.
  const char* const* environment;
};

inline constexpr const char* kStartFunction = "signet_openssl_module_start";
inline constexpr const char* kTableFunction = "signet_openssl_module_table";

}  // namespace signet::provider

extern "C" {
// signet_openssl_module_start is as signet_openssl_provider_init; -1 for another build.
SIGNET_EXPORT int signet_openssl_module_start(const signet::provider::ModuleStart* start,
                                              const OSSL_DISPATCH** functions, void** context) noexcept;
// signet_openssl_module_table gives a dispatch table by the number that it has in Table; null where there is
// none.
SIGNET_EXPORT const OSSL_DISPATCH* signet_openssl_module_table(unsigned table) noexcept;
}

#include "openssl_provider/module/start_settings.h"

#include "settings/load_values.h"

#include <cstring>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <sys/auxv.h>
#include <unistd.h>

namespace signet::provider::module {
namespace {

bool IsForUs(std::string_view entry) noexcept {
  return entry.starts_with("SIGNET_") || entry.starts_with("PKCS11_PROVIDER_MODULE=");
}

// ForEachVariable calls `use` for each entry that is for us.
template <class Use>
void ForEachVariable(Use use) noexcept {
  if (getauxval(AT_SECURE) != 0) return;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    if (IsForUs(*entry)) use(*entry);
  }
}

void TakeLoad(const char* value, std::optional<Settings::Load>& load) noexcept {
  if (value == nullptr) return;
  if (const auto read = LoadOf(value)) load = read;
}

}  // namespace

StartEnvironment::StartEnvironment() noexcept {
  std::size_t count = 0;
  ForEachVariable([&](const char*) { ++count; });
  entries_.reset(static_cast<char**>(std::calloc(count + 1, sizeof(char*))));
  std::size_t next = 0;
  ForEachVariable([&](const char* entry) {
    if (entries_ == nullptr || next == count) return;
    if ((entries_.get()[next] = strdup(entry)) != nullptr) ++next;
  });
}

StartEnvironment::~StartEnvironment() {
  for (char** entry = entries_.get(); entry != nullptr && *entry != nullptr; ++entry) {
    const LibcPtr<char> owned(*entry);
    OPENSSL_cleanse(owned.get(), std::strlen(owned.get()));
  }
}

const char* StartEnvironment::Find(const char* name) const noexcept {
  for (char** each = entries_.get(); each != nullptr && *each != nullptr; ++each) {
    std::string_view entry(*each);
    if (!entry.starts_with(name)) continue;
    entry.remove_prefix(std::strlen(name));
    if (entry.starts_with('=')) return entry.data() + 1;
  }
  return nullptr;
}

const char* ActivatedName(const OSSL_CORE_HANDLE* handle, const Upcalls& upcalls) noexcept {
  char* name = nullptr;
  OSSL_PARAM params[] = {OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_CORE_PROV_NAME, &name, 0), OSSL_PARAM_END};
  const bool known = upcalls.get_params != nullptr && upcalls.get_params(handle, params) == 1 &&
                     name != nullptr && *name != '\0';
  return known ? name : "signet";
}

bool LoadsAtActivation(const OSSL_CORE_HANDLE* handle, const Upcalls& upcalls,
                       const StartEnvironment& environment) noexcept {
  char* load_value = nullptr;
  char* full_value = nullptr;
  OSSL_PARAM params[] = {OSSL_PARAM_utf8_ptr(kLoadSetting, &load_value, 0),
                         OSSL_PARAM_utf8_ptr(kFullLoadSetting, &full_value, 0), OSSL_PARAM_END};
  std::optional<Settings::Load> load;
  if (upcalls.get_params != nullptr && upcalls.get_params(handle, params) == 1) {
    TakeLoad(load_value, load);
    TakeLoad(full_value, load);
  }
  TakeLoad(environment.Find("SIGNET_LOAD"), load);
  TakeLoad(environment.Find("SIGNET_PKCS11_MODULE_LOAD_BEHAVIOR"), load);
  return load == Settings::Load::kActivation;
}

}  // namespace signet::provider::module

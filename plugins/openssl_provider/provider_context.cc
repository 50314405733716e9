#include "openssl_provider/provider_context.h"

#include "base/openssl_context.h"
#include "base/openssl_error.h"
#include "config/environment.h"
#include "settings/setting_names.h"

#include <functional>
#include <vector>

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/rand.h>

namespace signet::provider {
namespace {

// Upcall is the function of libcrypto's that `get` takes out of a row with `id`, or null.
template <class Function>
Function* Upcall(const OSSL_DISPATCH* upcalls, int id, Function* (*get)(const OSSL_DISPATCH*)) {
  while (upcalls->function_id != 0 && upcalls->function_id != id) ++upcalls;
  return upcalls->function_id == id ? get(upcalls) : nullptr;
}

OSSL_FUNC_core_get_params_fn* FindGetParams(const OSSL_DISPATCH* upcalls) {
  return Upcall(upcalls, OSSL_FUNC_CORE_GET_PARAMS, OSSL_FUNC_core_get_params);
}

// NameOf asks libcrypto what the provider was activated under.
std::string NameOf(const OSSL_CORE_HANDLE* handle, OSSL_FUNC_core_get_params_fn* get_params) {
  char* name = nullptr;
  OSSL_PARAM params[] = {OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_CORE_PROV_NAME, &name, 0), OSSL_PARAM_END};
  const bool known =
      get_params != nullptr && get_params(handle, params) == 1 && name != nullptr && *name != '\0';
  return known ? name : "signet";
}

// ParameterDigest tells values apart that may be PINs.
std::size_t ParameterDigest(const char* value) { return std::hash<std::string_view>()(value); }

// IsOurs leaves out `module`, which in a provider's section of openssl.cnf is the path of the provider
// itself.
bool IsOurs(std::string_view setting) { return setting != "module"; }

}  // namespace

ProviderContext::ProviderContext(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH* upcalls,
                                 const EnvironmentLookup& environment)
    : errors_(handle, upcalls),
      core_bio_(upcalls),
      name_(NameOf(handle, FindGetParams(upcalls))),
      algorithms_(name_),
      handle_(handle),
      get_params_(FindGetParams(upcalls)),
      free_reference_(Upcall(upcalls, OSSL_FUNC_PROVIDER_FREE, OSSL_FUNC_provider_free)) {
  const Lock lock(mutex_);
  AddEnvironment(configuration_, environment);
  TakeParameters();
}

// TakeParameters takes what libcrypto has for us and did not have the last time: the lines of openssl.cnf,
// and what the program adds by OSSL_PROVIDER_load_ex and OSSL_PROVIDER_add_conf_parameter.
void ProviderContext::TakeParameters() {
  if (get_params_ == nullptr) return;
  const std::vector<std::string_view> names = SettingNames();
  std::vector<char*> values(names.size(), nullptr);
  std::vector<OSSL_PARAM> params;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (IsOurs(names[i])) params.push_back(OSSL_PARAM_construct_utf8_ptr(names[i].data(), &values[i], 0));
  }
  params.push_back(OSSL_PARAM_construct_end());
  if (get_params_(handle_, params.data()) != 1) return;
  configuration_.BeginPlace(PlaceKind::kParameters);
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (values[i] == nullptr) continue;
    const auto digest = ParameterDigest(values[i]);
    const auto known = parameters_.find(names[i]);
    if (known != parameters_.end() && known->second == digest) continue;
    configuration_.Set(names[i], values[i], "the provider's parameters");
    parameters_.insert_or_assign(std::string(names[i]), digest);
  }
}

Configuration ProviderContext::configuration() {
  const Lock lock(mutex_);
  TakeParameters();
  return configuration_;
}

Settings ProviderContext::settings() { return configuration().settings(); }

void ProviderContext::OpenAtActivation() noexcept {
  const OpenSslErrorMark mark;
  try {
    if (settings().load == Settings::Load::kActivation) source()->OpenModules();
  } catch (const std::exception&) {
    // A failure here would take the whole openssl.cnf with it; the first use fails again, and says why.
  }
}

std::shared_ptr<Source> ProviderContext::source() {
  const Lock lock(mutex_);
  if (source_ == nullptr) {
    TakeParameters();
    source_ = std::make_shared<Source>(configuration_.settings());
  }
  return source_;
}

namespace {

std::uint64_t Unguessable() {
  std::uint64_t number = 0;
  CheckOpenSsl(RAND_bytes_ex(OwnContext(), reinterpret_cast<unsigned char*>(&number), sizeof number, 0),
               "RAND_bytes_ex");
  return number;
}

}  // namespace

std::uint64_t ProviderContext::Deposit(std::shared_ptr<PrivateKey> key) {
  const std::uint64_t number = Unguessable();
  const Lock lock(mutex_);
  deposits_.insert_or_assign(number, std::move(key));
  return number;
}

std::uint64_t ProviderContext::IssueTicket() {
  const std::uint64_t number = Unguessable();
  const Lock lock(mutex_);
  tickets_.emplace(number, Ticket());
  return number;
}

std::optional<ProviderContext::Ticket> ProviderContext::UseTicket(std::uint64_t number) {
  const Lock lock(mutex_);
  const auto found = tickets_.find(number);
  if (found == tickets_.end()) return std::nullopt;
  Ticket before = found->second;
  found->second.used = true;
  return before;
}

void ProviderContext::FailTicket(std::uint64_t number, const Error& failure) {
  const Lock lock(mutex_);
  const auto found = tickets_.find(number);
  if (found != tickets_.end()) found->second.failure = failure;
}

void ProviderContext::EndTicket(std::uint64_t number) {
  const Lock lock(mutex_);
  tickets_.erase(number);
}

void ProviderContext::ReleaseReference() noexcept {
  if (free_reference_ != nullptr) free_reference_(handle_, 0);
}

std::shared_ptr<PrivateKey> ProviderContext::Withdraw(std::uint64_t number) {
  const Lock lock(mutex_);
  const auto node = deposits_.extract(number);
  return node.empty() ? nullptr : std::move(node.mapped());
}

}  // namespace signet::provider

// A key of this process becomes an EVP_PKEY: it is deposited with the provider and loaded through its
// store, the one way by which libcrypto lets a provider make keys.
#include "base/openssl_error.h"
#include "openssl_provider/algorithm_rows.h"
#include "openssl_provider/module_entry.h"
#include "openssl_provider/provider_context.h"
#include "openssl_provider/provider_entry.h"
#include <signet/error.h>

#include <cstring>

#include <fmt/format.h>
#include <openssl/provider.h>
#include <openssl/store.h>

namespace signet::provider {
namespace {

// OursOrNull is the context of a provider that was built as this code was; null also where it cannot be made,
// with the reason in the ERR queue.
ProviderContext* OursOrNull(OSSL_PROVIDER* candidate) noexcept {
  char* build = nullptr;
  OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_ptr(kBuildParam, &build, 0), OSSL_PARAM_construct_end()};
  if (OSSL_PROVIDER_get_params(candidate, params) != 1 || build == nullptr) return nullptr;
  if (std::strcmp(build, kBuild) != 0) return nullptr;
  void* context = nullptr;
  OSSL_PARAM own[] = {OSSL_PARAM_construct_octet_ptr(kContextParam, &context, 0), OSSL_PARAM_construct_end()};
  if (OSSL_PROVIDER_get_params(candidate, own) != 1) return nullptr;
  return static_cast<ProviderContext*>(context);
}

// FindOurs stops at the first of them.
int FindOurs(OSSL_PROVIDER* candidate, void* found) noexcept {
  ProviderContext* const ours = OursOrNull(candidate);
  if (ours != nullptr) *static_cast<ProviderContext**>(found) = ours;
  return ours == nullptr ? 1 : 0;
}

ProviderContext& ActiveProvider(OSSL_LIB_CTX* context) {
  ProviderContext* found = nullptr;
  OSSL_PROVIDER_do_all(context, FindOurs, &found);
  if (found != nullptr) return *found;
  throw Error({.code = ErrorCode::kBadArgument,
               .detail = "the provider signet of this version is not active in the library context",
               .hint = "Load it first: OSSL_PROVIDER_try_load(context, \"signet\", 1)."});
}

OpenSslPtr<EVP_PKEY> FromPkcs8(OSSL_LIB_CTX* context, const Secret& pkcs8) {
  const std::string_view der = pkcs8.view();
  const auto* position = reinterpret_cast<const unsigned char*>(der.data());
  const OpenSslPtr<PKCS8_PRIV_KEY_INFO> info(
      d2i_PKCS8_PRIV_KEY_INFO(nullptr, &position, static_cast<long>(der.size())));
  OpenSslPtr<EVP_PKEY> key(info != nullptr ? EVP_PKCS82PKEY_ex(info.get(), context, nullptr) : nullptr);
  if (key == nullptr) {
    ThrowOpenSsl(ErrorCode::kUnsupported, "EVP_PKCS82PKEY_ex", "OpenSSL cannot use the private key",
                 "Activate the provider default in this library context.");
  }
  return key;
}

}  // namespace

OpenSslPtr<EVP_PKEY> MakeKey(OSSL_LIB_CTX* context, std::shared_ptr<PrivateKey> key) {
  if (const auto pkcs8 = key->ExportPkcs8()) return FromPkcs8(context, *pkcs8);
  ProviderContext& provider = ActiveProvider(context);
  const std::uint64_t number = provider.Deposit(std::move(key));
  const OpenSslErrorMark mark;
  const OpenSslPtr<OSSL_STORE_CTX> store(
      OSSL_STORE_open_ex(fmt::format("{}://{}", kHandoverScheme, number).c_str(), context,
                         provider.algorithms().properties(), nullptr, nullptr, nullptr, nullptr, nullptr));
  const OpenSslPtr<OSSL_STORE_INFO> info(store != nullptr ? OSSL_STORE_load(store.get()) : nullptr);
  OpenSslPtr<EVP_PKEY> made(info != nullptr ? OSSL_STORE_INFO_get1_PKEY(info.get()) : nullptr);
  provider.Withdraw(number);  // where it never got that far
  if (made == nullptr)
    ThrowOpenSsl(ErrorCode::kUnsupported, "OSSL_STORE_load", "OpenSSL cannot use the private key");
  return made;
}

void LeaveToLibrary(OSSL_PROVIDER* provider) {
  if (ProviderContext* const ours = OursOrNull(provider)) ours->ReleaseReference();
}

}  // namespace signet::provider

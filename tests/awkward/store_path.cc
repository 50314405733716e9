#include "awkward/store_path.h"

#include "openssl_provider/library_context.h"
#include "openssl_provider/provider_entry.h"
#include <signet/error.h>
#include <signet/openssl_key.h>

#include <stdexcept>
#include <vector>

#include <openssl/store.h>
#include <openssl/x509.h>

namespace signet::testing {
namespace {

[[noreturn]] void Fail(const char* call) {
  throw Error({.code = ErrorCode::kTokenTrouble, .detail = TakeErrors(), .call = call});
}

struct Loaded {
  std::vector<OpenSslPtr<EVP_PKEY>> keys;
  std::vector<OpenSslPtr<X509>> certificates;
};

Loaded LoadAll(OSSL_LIB_CTX* context, const std::string& uri) {
  const OpenSslPtr<OSSL_STORE_CTX> store(OSSL_STORE_open_ex(uri.c_str(), context, "?provider=signet", nullptr,
                                                            nullptr, nullptr, nullptr, nullptr));
  if (store == nullptr) Fail("OSSL_STORE_open");
  Loaded loaded;
  while (OSSL_STORE_eof(store.get()) == 0) {
    const OpenSslPtr<OSSL_STORE_INFO> info(OSSL_STORE_load(store.get()));
    if (info == nullptr) {
      if (OSSL_STORE_error(store.get()) != 0) Fail("OSSL_STORE_load");
      continue;
    }
    if (OSSL_STORE_INFO_get_type(info.get()) == OSSL_STORE_INFO_PKEY)
      loaded.keys.emplace_back(OSSL_STORE_INFO_get1_PKEY(info.get()));
    if (OSSL_STORE_INFO_get_type(info.get()) == OSSL_STORE_INFO_CERT)
      loaded.certificates.emplace_back(OSSL_STORE_INFO_get1_CERT(info.get()));
  }
  return loaded;
}

std::vector<unsigned char> Signed(OSSL_LIB_CTX* context, EVP_PKEY* key,
                                  const std::vector<unsigned char>& message) {
  const OpenSslPtr<EVP_MD_CTX> digest(EVP_MD_CTX_new());
  const char* const name = EVP_PKEY_is_a(key, "ED25519") != 0 ? nullptr : "SHA256";
  std::size_t size = 1024;
  std::vector<unsigned char> signature(size);
  if (EVP_DigestSignInit_ex(digest.get(), nullptr, name, context, nullptr, key, nullptr) != 1 ||
      EVP_DigestSign(digest.get(), signature.data(), &size, message.data(), message.size()) != 1)
    Fail("EVP_DigestSign");
  signature.resize(size);
  return signature;
}

bool Verifies(X509* certificate, const std::vector<unsigned char>& message,
              const std::vector<unsigned char>& signature) {
  EVP_PKEY* const key = X509_get0_pubkey(certificate);
  const OpenSslPtr<EVP_MD_CTX> digest(EVP_MD_CTX_new());
  const EVP_MD* const hash = EVP_PKEY_is_a(key, "ED25519") != 0 ? nullptr : EVP_sha256();
  const bool right =
      EVP_DigestVerifyInit(digest.get(), nullptr, hash, nullptr, key) == 1 &&
      EVP_DigestVerify(digest.get(), signature.data(), signature.size(), message.data(), message.size()) == 1;
  ERR_clear_error();
  return right;
}

}  // namespace

StorePath::StorePath(const std::string& module) : context_(OSSL_LIB_CTX_new()) {
  setenv("SIGNET_MODULE", module.c_str(), 1);
  const bool built_in =
      OSSL_PROVIDER_add_builtin(context_.get(), "signet", signet_openssl_provider_init) == 1;
  default_.reset(OSSL_PROVIDER_load(context_.get(), "default"));
  signet_.reset(OSSL_PROVIDER_load(context_.get(), "signet"));
  unsetenv("SIGNET_MODULE");
  if (!built_in || default_ == nullptr || signet_ == nullptr) throw std::runtime_error(TakeErrors());
}

std::string StorePath::Do(const std::string& uri, const Certificate& wanted) const {
  ERR_clear_error();
  const Loaded loaded = LoadAll(context_.get(), uri);
  // What is not there is no error of OSSL_STORE.
  if (loaded.keys.empty() || loaded.certificates.empty()) Fail("OSSL_STORE_load");
  if (loaded.keys.size() != 1 || loaded.certificates.size() != 1) return "objects are lost or doubled";
  if (X509_cmp(loaded.certificates[0].get(), wanted.native()) != 0) return "another certificate is loaded";
  const std::vector<unsigned char> message(20, 0x5a);
  const auto signature = Signed(context_.get(), loaded.keys[0].get(), message);
  if (Verifies(loaded.certificates[0].get(), message, signature)) return {};
  return "the signature is not the certificate's key's";
}

}  // namespace signet::testing

#include "base/openssl_error.h"
#include "base/openssl_ptr.h"
#include "testing/test_key.h"
#include <signet/testing/test_pki.h>

#include <string>

#include <openssl/pkcs12.h>
#include <openssl/provider.h>

namespace signet::testing {
namespace {

// Pkcs12Context has the legacy provider too: files of old are encrypted with RC2-40.
class Pkcs12Context {
 public:
  Pkcs12Context()
      : context_(CheckOpenSsl(OSSL_LIB_CTX_new(), "OSSL_LIB_CTX_new")),
        default_(CheckOpenSsl(OSSL_PROVIDER_load(context_.get(), "default"), "OSSL_PROVIDER_load")),
        legacy_(CheckOpenSsl(OSSL_PROVIDER_load(context_.get(), "legacy"), "OSSL_PROVIDER_load")) {}
  OSSL_LIB_CTX* get() const { return context_.get(); }

 private:
  OpenSslPtr<OSSL_LIB_CTX> context_;
  OpenSslPtr<OSSL_PROVIDER> default_;
  OpenSslPtr<OSSL_PROVIDER> legacy_;
};

// CipherNid: PBES2 takes a cipher, the old schemes have a name of their own; -1: not encrypted.
int CipherNid(const std::string& name) {
  if (name.empty()) return -1;
  const int nid = OBJ_txt2nid(name.c_str());
  if (nid == NID_undef) throw std::runtime_error("no cipher " + name);
  return nid;
}

const char* PasswordOf(const Pkcs12Options& options) {
  return options.password ? options.password->c_str() : nullptr;
}
int PasswordSize(const Pkcs12Options& options) {
  return options.password ? static_cast<int>(options.password->size()) : 0;
}

void Mark(PKCS12_SAFEBAG* bag, const std::string& friendly_name, const Pkcs12Options& options,
          std::size_t index) {
  CheckOpenSsl(bag, "PKCS12_add");
  if (!friendly_name.empty()) {
    CheckOpenSsl(PKCS12_add_friendlyname_utf8(bag, friendly_name.c_str(), -1),
                 "PKCS12_add_friendlyname_utf8");
  }
  if (options.local_key_id) {
    auto id = static_cast<unsigned char>(index + 1);
    CheckOpenSsl(PKCS12_add_localkeyid(bag, &id, 1), "PKCS12_add_localkeyid");
  }
}

using Bags = STACK_OF(PKCS12_SAFEBAG);
using Safes = STACK_OF(PKCS7);

OpenSslPtr<X509> CopyOf(const Certificate& certificate) {
  const unsigned char* position = certificate.der().data();
  return OpenSslPtr<X509>(
      CheckOpenSsl(d2i_X509(nullptr, &position, static_cast<long>(certificate.der().size())), "d2i_X509"));
}

void AddCertificates(const TestIdentity& identity, const Pkcs12Options& options, const std::string& name,
                     std::size_t index, Bags** bags) {
  if (options.with_certificate) {
    Mark(PKCS12_add_cert(bags, CopyOf(identity.certificate).get()), name, options, index);
  }
  if (!options.with_issuers) return;
  for (const Certificate& issuer : identity.issuers) {
    CheckOpenSsl(PKCS12_add_cert(bags, CopyOf(issuer).get()), "PKCS12_add_cert");
  }
}

void AddKey(const TestIdentity& identity, const Pkcs12Options& options, const std::string& name,
            std::size_t index, OSSL_LIB_CTX* context, Bags** bags) {
  if (!options.with_key || identity.private_key.empty()) return;
  const auto key = ReadPkcs8(identity.private_key);
  Mark(PKCS12_add_key_ex(bags, key.get(), 0, options.iterations, CipherNid(options.key_cipher),
                         PasswordOf(options), context, nullptr),
       name, options, index);
}

// AddSafe moves `bags` into a safe of `safes`, encrypted unless `nid` is -1.
void AddSafe(Safes** safes, Bags* bags, int nid, const Pkcs12Options& options, OSSL_LIB_CTX* context) {
  if (bags == nullptr) return;
  const OpenSslPtr<Bags> owned(bags);
  CheckOpenSsl(
      PKCS12_add_safe_ex(safes, bags, nid, options.iterations, PasswordOf(options), context, nullptr),
      "PKCS12_add_safe_ex");
}

}  // namespace

std::vector<std::uint8_t> MakePkcs12(const std::vector<TestIdentity>& identities,
                                     const Pkcs12Options& options) {
  const OpenSslErrorMark mark;
  const Pkcs12Context context;
  Bags* certificates = nullptr;
  Bags* keys = nullptr;
  for (std::size_t i = 0; i < identities.size(); ++i) {
    std::string name = options.friendly_name;
    if (i > 0 && !name.empty()) name += "-" + std::to_string(i + 1);
    AddCertificates(identities[i], options, name, i, &certificates);
    AddKey(identities[i], options, name, i, context.get(), &keys);
  }
  Safes* safes = nullptr;
  AddSafe(&safes, certificates, CipherNid(options.certificate_cipher), options, context.get());
  AddSafe(&safes, keys, -1, options, context.get());
  if (safes == nullptr) safes = CheckOpenSsl(sk_PKCS7_new_null(), "sk_PKCS7_new_null");
  const OpenSslPtr<Safes> owned_safes(safes);
  const OpenSslPtr<PKCS12> file(
      CheckOpenSsl(PKCS12_add_safes_ex(safes, 0, context.get(), nullptr), "PKCS12_add_safes_ex"));
  if (!options.mac_digest.empty()) {
    const OpenSslPtr<EVP_MD> digest(
        CheckOpenSsl(EVP_MD_fetch(context.get(), options.mac_digest.c_str(), nullptr), "EVP_MD_fetch"));
    CheckOpenSsl(PKCS12_set_mac(file.get(), PasswordOf(options), PasswordSize(options), nullptr, 0,
                                options.iterations, digest.get()),
                 "PKCS12_set_mac");
  }
  unsigned char* der = nullptr;
  const int size = i2d_PKCS12(file.get(), &der);
  CheckOpenSsl(size, "i2d_PKCS12");
  const OpenSslPtr<unsigned char> owned(der);
  return {der, der + size};
}

}  // namespace signet::testing

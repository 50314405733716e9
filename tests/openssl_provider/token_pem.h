#pragma once

#include "openssl_provider/library_context.h"
#include "openssl_provider/pem_uri.h"
#include <signet/testing/soft_hsm.h>
#include <signet/testing/temporary_directory.h>
#include <signet/testing/test_pki.h>
#include <signet/testing/wrapped_module.h>

#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <openssl/pem.h>

namespace signet {

inline OpenSslPtr<BIO> Memory(std::string_view text) {
  OpenSslPtr<BIO> bio(BIO_new(BIO_s_mem()));
  BIO_write(bio.get(), text.data(), static_cast<int>(text.size()));
  return bio;
}

// Nobody gives no PIN, so that no test waits at a terminal.
inline int Nobody(char*, int, int, void*) { return -1; }

inline OpenSslPtr<EVP_PKEY> ReadKey(OSSL_LIB_CTX* library, std::string_view pem) {
  const auto bio = Memory(pem);
  return OpenSslPtr<EVP_PKEY>(
      PEM_read_bio_PrivateKey_ex(bio.get(), nullptr, Nobody, nullptr, library, nullptr));
}

// PublicOf is a key as the other side is given it.
inline OpenSslPtr<EVP_PKEY> PublicOf(OSSL_LIB_CTX* library, const EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  const OpenSslPtr<unsigned char> owned(der);
  const unsigned char* position = der;
  return OpenSslPtr<EVP_PKEY>(d2i_PUBKEY_ex(nullptr, &position, size, library, nullptr));
}

inline bool Signs(OSSL_LIB_CTX* library, EVP_PKEY* key) {
  if (key == nullptr) return false;
  const bool hashes = EVP_PKEY_is_a(key, "ED25519") == 0 && EVP_PKEY_is_a(key, "ED448") == 0;
  const OpenSslPtr<EVP_MD_CTX> context(EVP_MD_CTX_new());
  std::array<unsigned char, 512> signature;
  std::size_t size = signature.size();
  const unsigned char message[] = "message";
  return EVP_DigestSignInit_ex(context.get(), nullptr, hashes ? "SHA256" : nullptr, library, nullptr, key,
                               nullptr) == 1 &&
         EVP_DigestSign(context.get(), signature.data(), &size, message, sizeof message) == 1;
}

inline const char* ProviderOf(const EVP_PKEY* key) {
  return OSSL_PROVIDER_get0_name(EVP_PKEY_get0_provider(key));
}

// TokenPem has one identity in a token behind a module that counts; the provider is told of it as programs
// are that have no openssl.cnf.
class TokenPem : public ::testing::Test {
 protected:
  explicit TokenPem(const char* key = "ec:P-256", bool public_object = true,
                    const testing::ModuleBehaviour& behaviour = {})
      : identity_(pki_.Issue({.key = key})), module_(token_, behaviour) {
    token_.Import(identity_, {.id = "\x07", .label = "alice", .public_object = public_object});
    setenv("PKCS11_PROVIDER_MODULE", module_.path().c_str(), 1);
    context_.emplace();
  }
  ~TokenPem() override { unsetenv("PKCS11_PROVIDER_MODULE"); }

  std::string Uri(bool with_pin = true) const { return token_.ObjectUri("\x07", with_pin); }
  std::string Pem() const { return std::string(provider::UriPem(Uri()).view()); }
  OSSL_LIB_CTX* library() const { return context_->get(); }
  // key is the token's; software is the same in `default`, from which the token had it.
  OpenSslPtr<EVP_PKEY> key() const { return ReadKey(library(), Pem()); }
  OpenSslPtr<EVP_PKEY> software() const { return ReadKey(library(), identity_.PrivateKeyPem()); }

  const testing::TestPki pki_;
  const testing::TestIdentity identity_;
  testing::SoftHsm token_;
  testing::WrappedModule module_;
  const testing::TemporaryDirectory directory_;
  std::optional<LibraryContext> context_;
};

}  // namespace signet

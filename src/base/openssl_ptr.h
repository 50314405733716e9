#pragma once

#include <memory>

#include <openssl/asn1t.h>
#include <openssl/async.h>
#include <openssl/bio.h>
#include <openssl/conf.h>
#include <openssl/core_dispatch.h>
#include <openssl/decoder.h>
#include <openssl/ec.h>
#include <openssl/encoder.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/param_build.h>
#include <openssl/params.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>
#include <openssl/ssl.h>
#include <openssl/store.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace signet::inline base {

// OpenSslDeleter frees what OpenSSL made; one line per type, here and nowhere else.
struct OpenSslDeleter {
  void operator()(ASN1_OBJECT* p) const noexcept { ASN1_OBJECT_free(p); }
  void operator()(ASN1_OCTET_STRING* p) const noexcept { ASN1_OCTET_STRING_free(p); }
  void operator()(ASN1_TYPE* p) const noexcept { ASN1_TYPE_free(p); }
  void operator()(ASYNC_WAIT_CTX* p) const noexcept { ASYNC_WAIT_CTX_free(p); }
  void operator()(BASIC_CONSTRAINTS* p) const noexcept { BASIC_CONSTRAINTS_free(p); }
  void operator()(BIGNUM* p) const noexcept { BN_clear_free(p); }
  void operator()(BIO* p) const noexcept { BIO_free_all(p); }
  void operator()(BN_CTX* p) const noexcept { BN_CTX_free(p); }
  void operator()(CONF* p) const noexcept { NCONF_free(p); }
  void operator()(EC_GROUP* p) const noexcept { EC_GROUP_free(p); }
  void operator()(ECDSA_SIG* p) const noexcept { ECDSA_SIG_free(p); }
  void operator()(EC_POINT* p) const noexcept { EC_POINT_free(p); }
  void operator()(EVP_CIPHER* p) const noexcept { EVP_CIPHER_free(p); }
  void operator()(EVP_CIPHER_CTX* p) const noexcept { EVP_CIPHER_CTX_free(p); }
  void operator()(EVP_KDF* p) const noexcept { EVP_KDF_free(p); }
  void operator()(EVP_KDF_CTX* p) const noexcept { EVP_KDF_CTX_free(p); }
  void operator()(EVP_KEYMGMT* p) const noexcept { EVP_KEYMGMT_free(p); }
  void operator()(EVP_MAC* p) const noexcept { EVP_MAC_free(p); }
  void operator()(EVP_MAC_CTX* p) const noexcept { EVP_MAC_CTX_free(p); }
  void operator()(EVP_MD* p) const noexcept { EVP_MD_free(p); }
  void operator()(EVP_MD_CTX* p) const noexcept { EVP_MD_CTX_free(p); }
  void operator()(EVP_PKEY* p) const noexcept { EVP_PKEY_free(p); }
  void operator()(EVP_PKEY_CTX* p) const noexcept { EVP_PKEY_CTX_free(p); }
  void operator()(EXTENDED_KEY_USAGE* p) const noexcept { EXTENDED_KEY_USAGE_free(p); }
  void operator()(GENERAL_NAMES* p) const noexcept { GENERAL_NAMES_free(p); }
  void operator()(OSSL_DECODER_CTX* p) const noexcept { OSSL_DECODER_CTX_free(p); }
  void operator()(OSSL_ENCODER_CTX* p) const noexcept { OSSL_ENCODER_CTX_free(p); }
  void operator()(OSSL_LIB_CTX* p) const noexcept { OSSL_LIB_CTX_free(p); }
  void operator()(OSSL_PARAM* p) const noexcept { OSSL_PARAM_free(p); }
  void operator()(OSSL_PARAM_BLD* p) const noexcept { OSSL_PARAM_BLD_free(p); }
  void operator()(OSSL_PROVIDER* p) const noexcept { OSSL_PROVIDER_unload(p); }
  void operator()(OSSL_STORE_CTX* p) const noexcept { OSSL_STORE_close(p); }
  void operator()(OSSL_STORE_INFO* p) const noexcept { OSSL_STORE_INFO_free(p); }
  void operator()(OSSL_STORE_SEARCH* p) const noexcept { OSSL_STORE_SEARCH_free(p); }
  void operator()(PKCS12* p) const noexcept { PKCS12_free(p); }
  void operator()(PKCS7* p) const noexcept { PKCS7_free(p); }
  void operator()(PKCS8_PRIV_KEY_INFO* p) const noexcept { PKCS8_PRIV_KEY_INFO_free(p); }
  void operator()(RSA_PSS_PARAMS* p) const noexcept { RSA_PSS_PARAMS_free(p); }
  void operator()(SSL* p) const noexcept { SSL_free(p); }
  void operator()(SSL_CTX* p) const noexcept { SSL_CTX_free(p); }
  void operator()(SSL_SESSION* p) const noexcept { SSL_SESSION_free(p); }
  void operator()(STACK_OF(ASN1_TYPE) * p) const noexcept { sk_ASN1_TYPE_pop_free(p, ASN1_TYPE_free); }
  void operator()(STACK_OF(PKCS12_SAFEBAG) * p) const noexcept {
    sk_PKCS12_SAFEBAG_pop_free(p, PKCS12_SAFEBAG_free);
  }
  void operator()(STACK_OF(PKCS7) * p) const noexcept { sk_PKCS7_pop_free(p, PKCS7_free); }
  void operator()(STACK_OF(X509) * p) const noexcept { sk_X509_pop_free(p, X509_free); }
  void operator()(X509* p) const noexcept { X509_free(p); }
  void operator()(X509_ALGOR* p) const noexcept { X509_ALGOR_free(p); }
  void operator()(X509_EXTENSION* p) const noexcept { X509_EXTENSION_free(p); }
  void operator()(X509_NAME* p) const noexcept { X509_NAME_free(p); }
  void operator()(X509_PUBKEY* p) const noexcept { X509_PUBKEY_free(p); }
  void operator()(X509_REQ* p) const noexcept { X509_REQ_free(p); }
  void operator()(X509_SIG* p) const noexcept { X509_SIG_free(p); }
  void operator()(X509_STORE* p) const noexcept { X509_STORE_free(p); }
  void operator()(X509_STORE_CTX* p) const noexcept { X509_STORE_CTX_free(p); }
  void operator()(char* p) const noexcept { OPENSSL_free(p); }
  void operator()(unsigned char* p) const noexcept { OPENSSL_free(p); }
};

// OpenSslPtr owns one object of OpenSSL.
template <class T>
using OpenSslPtr = std::unique_ptr<T, OpenSslDeleter>;

}  // namespace signet::inline base

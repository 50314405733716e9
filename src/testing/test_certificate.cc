#include "testing/test_certificate.h"

#include "base/openssl_context.h"
#include "base/openssl_error.h"
#include "identity/public_key.h"

#include <string>

#include <openssl/rand.h>
#include <openssl/x509v3.h>

namespace signet::testing {
namespace {

void AddName(X509_NAME* name, const char* type, const std::string& value) {
  if (value.empty()) return;
  CheckOpenSsl(X509_NAME_add_entry_by_txt(name, type, MBSTRING_UTF8,
                                          reinterpret_cast<const unsigned char*>(value.data()),
                                          static_cast<int>(value.size()), -1, 0),
               "X509_NAME_add_entry_by_txt");
}

void SetSubject(X509* certificate, const CertificateOptions& options) {
  X509_NAME* name = X509_get_subject_name(certificate);
  AddName(name, "O", options.organization);
  AddName(name, "CN", options.common_name);
}

void SetValidity(X509* certificate, const CertificateOptions& options) {
  using Clock = std::chrono::system_clock;
  CheckOpenSsl(
      ASN1_TIME_set(X509_getm_notBefore(certificate), Clock::to_time_t(options.not_before)) != nullptr,
      "ASN1_TIME_set");
  CheckOpenSsl(ASN1_TIME_set(X509_getm_notAfter(certificate), Clock::to_time_t(options.not_after)) != nullptr,
               "ASN1_TIME_set");
}

void SetSerial(X509* certificate) {
  unsigned char bytes[16];
  CheckOpenSsl(RAND_bytes_ex(OwnContext(), bytes, sizeof(bytes), 0), "RAND_bytes_ex");
  bytes[0] = static_cast<unsigned char>((bytes[0] & 0x3f) | 0x40);  // positive, and of full length
  const OpenSslPtr<BIGNUM> number(CheckOpenSsl(BN_bin2bn(bytes, sizeof(bytes), nullptr), "BN_bin2bn"));
  CheckOpenSsl(BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)), "BN_to_ASN1_INTEGER");
}

// AlternativeNames gives subjectAltName as x509v3_config writes it, or an empty text.
std::string AlternativeNames(const CertificateOptions& options) {
  std::string text;
  const auto add = [&](const char* prefix, const std::vector<std::string>& values) {
    for (const std::string& value : values) text += (text.empty() ? "" : ",") + (prefix + value);
  };
  add("email:", options.emails);
  add("otherName:1.3.6.1.4.1.311.20.2.3;UTF8:", options.upns);
  add("DNS:", options.dns_names);
  add("IP:", options.ip_addresses);
  return text;
}

void AddExtension(X509* certificate, X509V3_CTX* context, const std::string& name, const std::string& value) {
  if (value.empty()) return;
  const OpenSslPtr<X509_EXTENSION> extension(
      CheckOpenSsl(X509V3_EXT_nconf(nullptr, context, name.c_str(), value.c_str()), "X509V3_EXT_nconf"));
  CheckOpenSsl(X509_add_ext(certificate, extension.get(), -1), "X509_add_ext");
}

void AddExtensions(X509* certificate, X509* issuer, const CertificateOptions& options) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  AddExtension(certificate, &context, "basicConstraints",
               options.is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
  AddExtension(certificate, &context, "keyUsage", options.key_usage);
  AddExtension(certificate, &context, "extendedKeyUsage", options.extended_key_usage);
  AddExtension(certificate, &context, "subjectAltName", AlternativeNames(options));
  AddExtension(certificate, &context, "subjectKeyIdentifier", "hash");
  if (issuer != certificate) AddExtension(certificate, &context, "authorityKeyIdentifier", "keyid");
  for (const auto& [name, value] : options.extensions) AddExtension(certificate, &context, name, value);
}

void SignWith(X509* certificate, EVP_PKEY* key, const std::string& digest) {
  const KeyType type = PublicKey::FromNative(key).type();
  const bool hashes =
      type == KeyType::kRsa || type == KeyType::kRsaPss || type == KeyType::kEc || type == KeyType::kOther;
  const OpenSslPtr<EVP_MD_CTX> context(CheckOpenSsl(EVP_MD_CTX_new(), "EVP_MD_CTX_new"));
  CheckOpenSsl(EVP_DigestSignInit_ex(context.get(), nullptr, hashes ? digest.c_str() : nullptr, OwnContext(),
                                     nullptr, key, nullptr),
               "EVP_DigestSignInit_ex");
  CheckOpenSsl(X509_sign_ctx(certificate, context.get()), "X509_sign_ctx");
}

}  // namespace

Certificate SignCertificate(EVP_PKEY* subject_key, const CertificateOptions& options,
                            const Certificate* issuer, EVP_PKEY* issuer_key) {
  const OpenSslErrorMark mark;
  const OpenSslPtr<X509> certificate(CheckOpenSsl(X509_new_ex(OwnContext(), nullptr), "X509_new_ex"));
  CheckOpenSsl(X509_set_version(certificate.get(), X509_VERSION_3), "X509_set_version");
  SetSerial(certificate.get());
  SetSubject(certificate.get(), options);
  SetValidity(certificate.get(), options);
  CheckOpenSsl(X509_set_pubkey(certificate.get(), subject_key), "X509_set_pubkey");
  X509* above = issuer != nullptr ? issuer->native() : certificate.get();
  CheckOpenSsl(X509_set_issuer_name(certificate.get(), X509_get_subject_name(above)), "X509_set_issuer_name");
  AddExtensions(certificate.get(), above, options);
  SignWith(certificate.get(), issuer_key, options.digest);
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate.get(), &der);
  CheckOpenSsl(size, "i2d_X509");
  const OpenSslPtr<unsigned char> owned(der);
  return Certificate::FromDer({der, static_cast<std::size_t>(size)});
}

}  // namespace signet::testing

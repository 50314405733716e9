#include "base/openssl_error.h"
#include "identity/public_key.h"
#include "testing/test_certificate.h"
#include "testing/test_key.h"
#include <signet/testing/test_pki.h>

#include <stdexcept>

#include <openssl/pem.h>

namespace signet::testing {
namespace {

using std::chrono::hours;
using std::chrono::system_clock;

OpenSslPtr<EVP_PKEY> NewKey(const std::string& kind) {
  auto key = MakeKey(kind);
  if (key == nullptr) throw std::runtime_error("this OpenSSL makes no keys of kind " + kind);
  return key;
}

std::vector<Certificate> Above(const TestIdentity& issuer) {
  std::vector<Certificate> certificates{issuer.certificate};
  certificates.insert(certificates.end(), issuer.issuers.begin(), issuer.issuers.end());
  return certificates;
}

TestIdentity MakeRoot(const CertificateOptions& options) {
  const auto key = NewKey(options.key);
  return {SignCertificate(key.get(), options, nullptr, key.get()), Pkcs8Of(key.get()), {}};
}

}  // namespace

std::string TestIdentity::CertificatePem() const { return certificate.ToPem(); }

std::string TestIdentity::ChainPem() const {
  std::string pem = certificate.ToPem();
  for (const Certificate& issuer : issuers) {
    if (!issuer.self_signed()) pem += issuer.ToPem();
  }
  return pem;
}

std::string TestIdentity::PrivateKeyPem() const {
  const OpenSslPtr<BIO> memory(CheckOpenSsl(BIO_new(BIO_s_mem()), "BIO_new"));
  const auto size = static_cast<long>(private_key.size());
  CheckOpenSsl(PEM_write_bio(memory.get(), PEM_STRING_PKCS8INF, "", private_key.data(), size),
               "PEM_write_bio");
  char* text = nullptr;
  const long length = BIO_get_mem_data(memory.get(), &text);
  return {text, static_cast<std::size_t>(length)};
}

std::string TestIdentity::RootPem() const {
  return issuers.empty() ? certificate.ToPem() : issuers.back().ToPem();
}

CertificateOptions CertificateOptions::Expired() const {
  CertificateOptions options = *this;
  options.not_before = system_clock::now() - hours(24 * 60);
  options.not_after = system_clock::now() - hours(24);
  return options;
}

CertificateOptions CertificateOptions::NotYetValid() const {
  CertificateOptions options = *this;
  options.not_before = system_clock::now() + hours(24);
  options.not_after = system_clock::now() + hours(24 * 60);
  return options;
}

CertificateOptions CertificateOptions::Ca(std::string common_name) {
  CertificateOptions options;
  options.common_name = std::move(common_name);
  options.key_usage = "critical,keyCertSign,cRLSign";
  options.extended_key_usage.clear();
  options.is_ca = true;
  return options;
}

CertificateOptions CertificateOptions::Server(std::string host) {
  CertificateOptions options;
  options.dns_names = {host};
  options.ip_addresses = {"127.0.0.1"};
  options.common_name = std::move(host);
  options.key_usage = "critical,digitalSignature,keyEncipherment";
  options.extended_key_usage = "serverAuth";
  return options;
}

TestPki::TestPki(const CertificateOptions& root) : root_(MakeRoot(root)) {}

TestIdentity TestPki::IssueFrom(const TestIdentity& issuer, const CertificateOptions& options) {
  const auto key = NewKey(options.key);
  const auto issuer_key = ReadPkcs8(issuer.private_key);
  return {SignCertificate(key.get(), options, &issuer.certificate, issuer_key.get()), Pkcs8Of(key.get()),
          Above(issuer)};
}

TestIdentity TestPki::Intermediate(std::string common_name, std::string key) const {
  CertificateOptions options = CertificateOptions::Ca(std::move(common_name));
  options.key = std::move(key);
  return Issue(options);
}

TestIdentity TestPki::CertifyFrom(const TestIdentity& issuer, std::span<const std::uint8_t> spki,
                                  const CertificateOptions& options) {
  const auto issuer_key = ReadPkcs8(issuer.private_key);
  const PublicKey key = PublicKey::FromSpki(spki);
  return {SignCertificate(key.native(), options, &issuer.certificate, issuer_key.get()), {}, Above(issuer)};
}

bool TestPki::HasKeyType(std::string_view key) { return MakeKey(std::string(key)) != nullptr; }

}  // namespace signet::testing

#pragma once

#include <signet/certificate.h>
#include <signet/export.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace signet::testing {

// TestIdentity is a certificate, its private key, and the certificates of its issuers.
struct SIGNET_EXPORT TestIdentity {
  Certificate certificate;                // the identity's own
  std::vector<std::uint8_t> private_key;  // DER PrivateKeyInfo (RFC 5208); empty if the key is elsewhere
  std::vector<Certificate> issuers;       // intermediates upwards, the root last; empty for a root

  // CertificatePem is the certificate alone.
  std::string CertificatePem() const;
  // ChainPem is the certificate and its intermediates, without the root.
  std::string ChainPem() const;
  // PrivateKeyPem is the key in PKCS#8, not encrypted.
  std::string PrivateKeyPem() const;
  // RootPem is the certificate that a verifier trusts.
  std::string RootPem() const;
};

// CertificateOptions are the contents of a certificate.
struct SIGNET_EXPORT CertificateOptions {
  // key: "rsa:2048", "rsa-pss:2048", "rsa-pss:2048:SHA256" (for this hash and its length of salt),
  // "ec:P-256", "ed25519", "ed448", "dsa:2048", "ml-dsa-65".
  std::string key = "ec:P-256";
  std::string common_name = "alice";           // of the subject
  std::string organization = "Signet Test";    // of the subject
  std::vector<std::string> emails = {};        // subjectAltName
  std::vector<std::string> upns = {};          // subjectAltName, otherName 1.3.6.1.4.1.311.20.2.3
  std::vector<std::string> dns_names = {};     // subjectAltName
  std::vector<std::string> ip_addresses = {};  // subjectAltName
  // key_usage, extended_key_usage: as in openssl's x509v3_config; empty: no such extension.
  std::string key_usage = "critical,digitalSignature";
  std::string extended_key_usage = "clientAuth";
  bool is_ca = false;                                                // basicConstraints with CA:TRUE
  std::vector<std::pair<std::string, std::string>> extensions = {};  // OID or name, value as in x509v3_config
  // not_before and not_after are the period of validity.
  std::chrono::system_clock::time_point not_before = std::chrono::system_clock::now() - std::chrono::hours(1);
  std::chrono::system_clock::time_point not_after =
      std::chrono::system_clock::now() + std::chrono::hours(24 * 30);
  std::string digest = "SHA256";  // of the issuer's signature; not used by Ed25519, Ed448 and ML-DSA issuers

  // Expired, NotYetValid, Ca and Server are shorthands for a test's options.
  CertificateOptions Expired() const;
  CertificateOptions NotYetValid() const;
  static CertificateOptions Ca(std::string common_name);
  static CertificateOptions Server(std::string host = "localhost");
};

// TestPki is a certification authority for one test. Every function throws std::runtime_error or
// signet::Error.
class SIGNET_EXPORT TestPki {
 public:
  // TestPki makes a self-signed root.
  explicit TestPki(const CertificateOptions& root = CertificateOptions::Ca("Test Root"));

  // root is the authority itself, with its key.
  const TestIdentity& root() const noexcept { return root_; }
  // Issue makes a key and its certificate, by the root or by `issuer`.
  TestIdentity Issue(const CertificateOptions& options) const { return IssueFrom(root_, options); }
  // IssueFrom is Issue by an authority of any kind.
  static TestIdentity IssueFrom(const TestIdentity& issuer, const CertificateOptions& options);
  // Intermediate makes a CA below the root.
  TestIdentity Intermediate(std::string common_name, std::string key = "ec:P-256") const;
  // Certify makes a certificate for an external key, from its SubjectPublicKeyInfo.
  TestIdentity Certify(std::span<const std::uint8_t> spki, const CertificateOptions& options) const {
    return CertifyFrom(root_, spki, options);
  }
  // CertifyFrom is Certify by an authority of any kind.
  static TestIdentity CertifyFrom(const TestIdentity& issuer, std::span<const std::uint8_t> spki,
                                  const CertificateOptions& options);
  // HasKeyType tells whether this OpenSSL makes keys of the kind: ML-DSA needs 3.5.
  static bool HasKeyType(std::string_view key);

 private:
  TestIdentity root_;
};

// Pkcs12Options determine the format of a PKCS#12 file (RFC 7292).
struct Pkcs12Options {
  std::optional<std::string> password = "secret";  // nothing: absent, which is not the same as empty
  std::string friendly_name = "alice";             // of the key and its certificate; empty: none
  // key_cipher, certificate_cipher: OpenSSL's names, "AES-256-CBC" (PBES2) or "PBE-SHA1-RC2-40"; empty: not
  // encrypted.
  std::string key_cipher = "AES-256-CBC";
  std::string certificate_cipher = "AES-256-CBC";
  std::string mac_digest = "SHA256";  // empty: no MAC
  int iterations = 2048;              // of each key derivation
  bool local_key_id = true;           // on the key and its certificate
  bool with_key = true;               // else certificates only
  bool with_certificate = true;       // else no leaf
  bool with_issuers = true;           // else the leaf only
};

// MakePkcs12 returns a PKCS#12 file with one or several identities; the names after the first are
// `friendly_name`-N.
SIGNET_EXPORT std::vector<std::uint8_t> MakePkcs12(const std::vector<TestIdentity>& identities,
                                                   const Pkcs12Options& options);
inline std::vector<std::uint8_t> MakePkcs12(const TestIdentity& identity, const Pkcs12Options& options = {}) {
  return MakePkcs12(std::vector<TestIdentity>{identity}, options);
}

}  // namespace signet::testing

#pragma once

#include "base/openssl_ptr.h"
#include <signet/identity.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace signet::testing {

// NamePart is one attribute of a Name, with the ASN.1 string type that it is written in.
struct NamePart {
  const char* attribute = "CN";
  std::string value;
  int type = MBSTRING_UTF8;
};
std::vector<std::uint8_t> NameDer(const std::vector<NamePart>& parts);

// TestKey gives the key of a name: "p256", "p384", "p521", "brainpool", "rsa2048", "rsa1024", "rsapss",
// "ed25519", "ed448", and with a suffix ("p256/2") another of the kind; made once in the process.
EVP_PKEY* TestKey(const std::string& name);

// Leaf says what a certificate shall be. Times are days from kNow.
struct Leaf {
  std::string key = "p256";
  std::string subject = "alice";
  // issuer names a CA: "A", "B" are roots; "A1" is certified by "A", "A2" by "A1", and so on.
  std::string issuer = "A";
  std::string key_usage = "digitalSignature";  // as in openssl.cnf; empty: no extension
  std::string purposes = "clientAuth";         // the same
  std::string names;                           // subjectAltName, the same
  std::string netscape;                        // nsCertType, the same
  double from = -10;
  double to = 100;
  std::string signature_hash = "SHA256";
  bool with_chain = true;
  // ca_to is when the CAs' certificates end.
  double ca_to = 4000;
  // What the key is.
  bool hardware = false;
  bool pss = true;    // whether an RSA key supports PSS on its token
  bool signs = true;  // a key that only decrypts has no scheme
  std::optional<ErrorCode> unavailable;
  std::string held_key;  // another key than the certificate's, once it is asked
  std::string uri;
};

// kNow is when the tests' certificates are made to be judged: 2030-06-15 12:00 UTC.
inline constexpr std::int64_t kNowSeconds = 1907755200;
TimePoint Now();

Certificate MakeCertificate(const Leaf& leaf);
Certificate CaCertificate(const std::string& name, double to = 4000);
// CrossCertificate is another one for the CA `name`, by the CA `issuer`.
Certificate CrossCertificate(const std::string& name, const std::string& issuer, double to = 4000);
Identity MakeIdentity(const Leaf& leaf);

}  // namespace signet::testing

// What a PKCS#12 file is encrypted and authenticated with, read without its password.
#include "base/file.h"
#include "base/openssl_context.h"
#include "base/openssl_error.h"
#include "base/openssl_ptr.h"
#include "base/percent_encoding.h"
#include "tool/doctor_checks.h"
#include <signet/error.h>

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace signet::tool {
namespace {

constexpr std::uint64_t kLargestFile = 16 << 20;

struct AlgorithmRow {
  const char* oid;
  const char* name;
  const char* who;  // cannot read it
  const char* hint;
};

constexpr const char* kOpenSsl3 =
    "programs with OpenSSL 3 cannot read it without the legacy provider "
    "(\"inner_evp_generic_fetch:unsupported\"); Signet can";
constexpr const char* kAesAgain =
    "For other programs, create it again with AES: openssl pkcs12 -legacy -in OLD -nodes, then "
    "openssl pkcs12 -export.";

constexpr AlgorithmRow kAlgorithms[] = {
    {"1.2.840.113549.1.12.1.1", "128-bit RC4", kOpenSsl3, kAesAgain},
    {"1.2.840.113549.1.12.1.2", "40-bit RC4", kOpenSsl3, kAesAgain},
    {"1.2.840.113549.1.12.1.5", "128-bit RC2", kOpenSsl3, kAesAgain},
    {"1.2.840.113549.1.12.1.6", "40-bit RC2", kOpenSsl3, kAesAgain},
    {"1.2.840.113549.1.5.14", "a PBMAC1 MAC",
     "programs with OpenSSL before 3.4 report a wrong password (\"Mac verify error\"); Signet can read "
     "it",
     "For those programs, create it again with openssl pkcs12 -export, without -pbmac1_pbkdf2."},
};

std::string OidOf(const X509_ALGOR* algorithm) {
  const ASN1_OBJECT* object = nullptr;
  if (algorithm == nullptr) return {};
  X509_ALGOR_get0(&object, nullptr, nullptr, algorithm);
  char text[80] = "";
  OBJ_obj2txt(text, sizeof text, object, 1);
  return text;
}

void AddKeyBags(const PKCS7* safe, std::set<std::string>& oids) {
  const OpenSslPtr<STACK_OF(PKCS12_SAFEBAG)> bags(PKCS12_unpack_p7data(const_cast<PKCS7*>(safe)));
  for (int i = 0; i < sk_PKCS12_SAFEBAG_num(bags.get()); ++i) {
    const X509_SIG* shrouded = PKCS12_SAFEBAG_get0_pkcs8(sk_PKCS12_SAFEBAG_value(bags.get(), i));
    if (shrouded == nullptr) continue;
    const X509_ALGOR* algorithm = nullptr;
    X509_SIG_get0(shrouded, &algorithm, nullptr);
    oids.insert(OidOf(algorithm));
  }
}

std::set<std::string> AlgorithmsOf(PKCS12* file) {
  std::set<std::string> oids;
  const X509_ALGOR* mac = nullptr;
  PKCS12_get0_mac(nullptr, &mac, nullptr, nullptr, file);
  oids.insert(OidOf(mac));
  const OpenSslPtr<STACK_OF(PKCS7)> safes(PKCS12_unpack_authsafes(file));
  for (int i = 0; i < sk_PKCS7_num(safes.get()); ++i) {
    const PKCS7* safe = sk_PKCS7_value(safes.get(), i);
    if (PKCS7_type_is_encrypted(safe)) oids.insert(OidOf(safe->d.encrypted->enc_data->algorithm));
    if (PKCS7_type_is_data(safe)) AddKeyBags(safe, oids);
  }
  return oids;
}

}  // namespace

std::string Pkcs12PathOf(const std::string& uri) {
  constexpr std::string_view kScheme = "pkcs12:";
  if (!uri.starts_with(kScheme)) return {};
  const std::string path = uri.substr(kScheme.size(), uri.find_first_of(";?") - kScheme.size());
  return PercentDecode(path).value_or("");
}

Findings CheckPkcs12File(const std::string& path) {
  const OpenSslErrorMark mark;
  Findings findings;
  std::vector<std::uint8_t> bytes;
  try {
    bytes = ReadFile(path, kLargestFile);
  } catch (const Error&) {
    return findings;
  }
  const unsigned char* position = bytes.data();
  const OpenSslPtr<PKCS12> file(d2i_PKCS12(nullptr, &position, static_cast<long>(bytes.size())));
  if (file == nullptr) return findings;
  const std::set<std::string> oids = AlgorithmsOf(file.get());
  for (const AlgorithmRow& row : kAlgorithms) {
    if (!oids.contains(row.oid)) continue;
    findings.push_back({Verdict::kNote, fmt::format("file {}", path),
                        fmt::format("it uses {}: {}", row.name, row.who), row.hint});
  }
  return findings;
}

}  // namespace signet::tool

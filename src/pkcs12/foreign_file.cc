#include "pkcs12/foreign_file.h"

#include "base/openssl_error.h"
#include "base/openssl_ptr.h"
#include "pkcs12/armour.h"
#include <signet/error.h>

#include <algorithm>
#include <cctype>
#include <string_view>

#include <fmt/format.h>

namespace signet::inline pkcs12 {
namespace {

constexpr std::string_view kJoin =
    "Put key and certificate together: openssl pkcs12 -export -inkey KEY -in CERTIFICATE -out FILE.p12";
constexpr std::string_view kConvertPem =
    "Convert it to a PKCS#12 file: openssl pkcs12 -export -in FILE.pem -out FILE.p12";
constexpr std::string_view kNoKey = "Ask for the .p12 or .pfx file, which also contains the private key.";
constexpr std::string_view kKeytool =
    "Convert it: keytool -importkeystore -srckeystore FILE -destkeystore FILE.p12 -deststoretype pkcs12";
constexpr std::string_view kUnpack = "Unpack it first.";
constexpr std::string_view kSsh =
    "Have a certificate issued for the key, then use openssl pkcs12 -export: an SSH key has no certificate "
    "for TLS.";
constexpr std::string_view kCheckPath = "Check the path: name the .p12 or .pfx file.";
constexpr std::string_view kPointer = "Give the URI in the file instead of the file.";

// Kind is something that a file can be, with what to do then. Empty `is`: none that is known.
struct Kind {
  std::string_view is, hint;
};

// Row is a kind with what a file of it begins with, or what the label of its first PEM block begins with.
struct Row {
  std::string_view begins;
  Kind kind;
};

using std::literals::operator""sv;

constexpr Row kBinary[] = {
    {"\xfe\xed\xfe\xed"sv, {"a Java keystore (JKS)", kKeytool}},
    {"\xce\xce\xce\xce"sv, {"a Java keystore (JCEKS)", kKeytool}},
    {"\0\0\0\1\0\0\0\x14"sv, {"a BouncyCastle keystore (BKS)", kKeytool}},
    {"\0\0\0\2\0\0\0\x14"sv, {"a BouncyCastle keystore (BKS)", kKeytool}},
    {"SQLite format 3\0"sv,
     {"an NSS or other SQLite database", "Export from it: pk12util -d DIRECTORY -n NICKNAME -o FILE.p12"}},
    {"PK\3\4"sv, {"a ZIP archive", kUnpack}},
    {"\x1f\x8b"sv, {"compressed by gzip", kUnpack}},
    {"%PDF-"sv, {"a PDF document", kCheckPath}},
    {"\x7f"
     "ELF"sv,
     {"a program", kCheckPath}},
    {"\x99\x01"sv, {"an OpenPGP key", "Name a PKCS#12 file: OpenPGP has no certificates for TLS."}},
};

constexpr Row kTexts[] = {
    {"ssh-"sv, {"an SSH public key", kSsh}},
    {"ecdsa-sha2-"sv, {"an SSH public key", kSsh}},
    {"sk-"sv, {"an SSH public key", kSsh}},
    {"PuTTY-User-Key-File-"sv, {"a PuTTY key", kSsh}},
    {"<!doctype html"sv, {"an HTML page", "Download the file again: a server sent a page instead."}},
    {"<html"sv, {"an HTML page", "Download the file again: a server sent a page instead."}},
    {"<"sv, {"XML or HTML", "Download the file again: a server sent a document instead."}},
    {"{"sv, {"JSON", "Extract the PKCS#12 file: it may be in a base64 field."}},
    {"version https://git-lfs"sv, {"a pointer of Git LFS", "Get the file itself: git lfs pull"}},
    {"pkcs11:"sv, {"a pkcs11: URI", kPointer}},
};

constexpr Row kLabels[] = {
    {"OPENSSH PRIVATE KEY", {"an SSH private key", kSsh}},
    {"SSH2 ", {"an SSH key", kSsh}},
    {"PGP ", {"an OpenPGP file", "Name a PKCS#12 file: OpenPGP has no certificates for TLS."}},
    {"SIGNET URI", {"a PEM file that points to another key", kPointer}},
    {"PKCS#11 PROVIDER URI", {"a PEM file that points to another key", kPointer}},
    {"CERTIFICATE REQUEST", {"a certificate request in PEM", kJoin}},
    {"NEW CERTIFICATE REQUEST", {"a certificate request in PEM", kJoin}},
    {"PKCS7", {"a PKCS#7 file in PEM, which contains certificates without a key", kNoKey}},
    {"CMS", {"a CMS file in PEM, which contains no key", kNoKey}},
    {"X509 CRL", {"a revocation list in PEM", kCheckPath}},
    {"PUBLIC KEY", {"a public key in PEM", kNoKey}},
};

Kind Find(std::span<const Row> rows, std::string_view text) {
  const auto row = std::ranges::find_if(rows, [&](const Row& candidate) {
    return text.size() >= candidate.begins.size() &&
           std::equal(candidate.begins.begin(), candidate.begins.end(), text.begin(), [](char a, char b) {
             return a == std::tolower(static_cast<unsigned char>(b)) || a == b;
           });
  });
  return row != rows.end() ? row->kind : Kind{};
}

// InPem names PEM by its labels: text may precede the first one.
Kind InPem(std::string_view text) {
  static constexpr std::string_view kBegin = "-----BEGIN ";
  const std::size_t begin = text.find(kBegin);
  if (begin == std::string_view::npos) return {};
  if (const Kind kind = Find(kLabels, text.substr(begin + kBegin.size())); !kind.is.empty()) return kind;
  const bool certificate = text.find("CERTIFICATE-----") != std::string_view::npos;
  const bool key = text.find("PRIVATE KEY-----") != std::string_view::npos;
  if (certificate && key) return {"a private key and certificates in PEM", kConvertPem};
  if (key) return {"a private key in PEM", kJoin};
  if (certificate) return {"certificates in PEM, without a private key", kJoin};
  return {"PEM without a PKCS#12 file", kCheckPath};
}

template <class Object>
bool Reads(Object* (*read)(Object**, const unsigned char**, long), void (*drop)(Object*), Bytes der) {
  const unsigned char* at = der.data();
  Object* object = read(nullptr, &at, static_cast<long>(der.size()));
  drop(object);
  return object != nullptr;
}

// SignedDer tells by OpenSSL what cannot be told by the first elements.
Kind SignedDer(Bytes der) {
  const OpenSslErrorMark mark;
  if (Reads(d2i_X509, X509_free, der)) return {"a certificate, without a private key", kJoin};
  if (Reads(d2i_X509_REQ, X509_REQ_free, der)) return {"a certificate request", kJoin};
  if (Reads(d2i_X509_CRL, X509_CRL_free, der)) return {"a revocation list", kCheckPath};
  return {};
}

// InDer names DER by its first elements.
Kind InDer(Bytes der) try {
  BerReader fields = BerReader(der).Enter(BerTag::kSequence, "");
  if (fields.NextIs(BerTag::kOid)) return {"a PKCS#7 or CMS file, which contains no key", kNoKey};
  if (fields.NextIs(BerTag::kInteger)) {
    return fields.Unsigned("") < 2 ? Kind{"a private key without a certificate", kJoin} : Kind{};
  }
  if (!fields.NextIs(BerTag::kSequence)) return {};
  BerReader first = fields.Enter(BerTag::kSequence, "");
  if (first.NextIs(BerTag::kOid) && fields.NextIs(BerTag::kOctetString))
    return {"an encrypted private key without a certificate", kJoin};
  if (first.NextIs(BerTag::kOid)) return {"a public key", kNoKey};
  return SignedDer(der);
} catch (const Error&) {
  return {};
}

bool IsText(std::string_view text) {
  return std::ranges::all_of(text.substr(0, 512), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x80 || std::isprint(byte) != 0 || std::isspace(byte) != 0;
  });
}

Kind InText(std::string_view text) {
  if (text.empty()) return {"blank", kCheckPath};
  if (const Kind kind = InPem(text); !kind.is.empty()) return kind;
  if (const Kind kind = Find(kTexts, text); !kind.is.empty()) return kind;
  const WipedBytes decoded = FromBase64({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  if (!decoded.empty() && InDer(decoded.bytes()).is.size() != 0) return InDer(decoded.bytes());
  return IsText(text) ? Kind{"text", kCheckPath} : Kind{};
}

Kind KindOf(Bytes file) {
  if (file.empty()) return {"empty", "Obtain the file again from its source."};
  if (file.front() == static_cast<std::uint8_t>(BerTag::kSequence)) {
    if (BeginsLikePkcs12(file)) return {};
    if (const Kind kind = InDer(file); !kind.is.empty()) return kind;
    if (file.size() > 1 && (file[1] & 0x80) != 0) return {};
  }
  if (std::ranges::all_of(file, [](std::uint8_t byte) { return byte == 0; }))
    return {"only zero bytes", "Obtain the file again from its source."};
  const std::string_view view(reinterpret_cast<const char*>(file.data()), file.size());
  if (const Kind kind = Find(kBinary, view); !kind.is.empty()) return kind;
  const WipedBytes text = AsText(file);
  const Bytes bytes = text.bytes();
  return InText({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace

void RefuseForeign(Bytes file) {
  const Kind kind = KindOf(file);
  if (kind.is.empty()) return;
  throw Error({.code = ErrorCode::kMalformed,
               .detail = fmt::format("the file is not a PKCS#12 file: it is {}", kind.is),
               .hint = std::string(kind.hint)});
}

}  // namespace signet::inline pkcs12

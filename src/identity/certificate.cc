#include "base/hex.h"
#include "base/openssl_context.h"
#include "base/openssl_error.h"
#include "base/openssl_ptr.h"
#include "identity/hashes.h"
#include "identity/name_text.h"
#include <signet/certificate.h>
#include <signet/error.h>

#include <algorithm>
#include <optional>

#include <fmt/format.h>
#include <openssl/pem.h>

namespace signet {

struct Certificate::Parsed {
  OpenSslPtr<X509> x509;
  std::vector<std::uint8_t> der, subject_der, issuer_der, spki;
  std::string subject, issuer, sha256, user_name;
  TimePoint not_before, not_after;
  bool is_ca = false;
  bool self_signed = false;
};

namespace {

[[noreturn]] void ThrowMalformed(std::string detail) {
  ThrowOpenSsl(ErrorCode::kMalformed, "d2i_X509", std::move(detail),
               "Check that the data is an X.509 certificate.");
}

// DerOf writes `object` with OpenSSL's `i2d`.
template <class T>
std::vector<std::uint8_t> DerOf(const T* object, int (*i2d)(const T*, unsigned char**)) {
  unsigned char* der = nullptr;
  const int size = i2d(object, &der);
  CheckOpenSsl(size, "i2d");
  const OpenSslPtr<unsigned char> owned(der);
  return {der, der + size};
}

TimePoint TimeOf(const ASN1_TIME* time) {
  std::tm broken{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &broken) != 1)
    ThrowMalformed("the certificate has no readable validity");
  // Dates that the clock's type cannot hold are as good as for ever.
  const auto seconds = std::clamp<std::int64_t>(timegm(&broken), -9'000'000'000, 9'000'000'000);
  return TimePoint(std::chrono::seconds(seconds));
}

std::string Utf8(const ASN1_STRING* string) {
  unsigned char* text = nullptr;
  const int size = ASN1_STRING_to_UTF8(&text, string);
  if (size < 0) return {};
  const OpenSslPtr<unsigned char> owned(text);
  return {reinterpret_cast<char*>(text), static_cast<std::size_t>(size)};
}

std::string NameEntry(const X509_NAME* name, int nid) {
  const int position = X509_NAME_get_index_by_NID(name, nid, -1);
  if (position < 0) return {};
  return Utf8(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, position)));
}

// AlternativeName gives the first UPN otherName (Microsoft, 1.3.6.1.4.1.311.20.2.3), else the first e-mail
// address.
std::string AlternativeName(const X509* x509) {
  const OpenSslPtr<GENERAL_NAMES> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(x509, NID_subject_alt_name, nullptr, nullptr)));
  std::string email;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_OTHERNAME && OBJ_obj2nid(name->d.otherName->type_id) == NID_ms_upn &&
        name->d.otherName->value->type == V_ASN1_UTF8STRING) {
      return Utf8(name->d.otherName->value->value.utf8string);
    }
    if (name->type == GEN_EMAIL && email.empty()) email = Utf8(name->d.rfc822Name);
  }
  return email;
}

std::string UserName(const X509* x509) {
  std::string name = AlternativeName(x509);
  if (name.empty()) name = NameEntry(X509_get_subject_name(x509), NID_pkcs9_emailAddress);
  if (name.empty()) name = NameEntry(X509_get_subject_name(x509), NID_commonName);
  return name;
}

}  // namespace

Certificate Certificate::FromDer(std::span<const std::uint8_t> der) {
  const OpenSslErrorMark mark;
  auto parsed = std::make_shared<Parsed>();
  // d2i frees and clears the object that it is given when it fails.
  X509* raw = CheckOpenSsl(X509_new_ex(OwnContext(), nullptr), "X509_new_ex");
  const unsigned char* position = der.data();
  const bool read = d2i_X509(&raw, &position, static_cast<long>(der.size())) != nullptr;
  parsed->x509.reset(raw);
  if (!read) ThrowMalformed("not a certificate");
  if (position != der.data() + der.size()) ThrowMalformed("bytes follow the certificate");

  const X509* x509 = parsed->x509.get();
  // Fills the extension cache now, so that later readers in many threads find it made.
  parsed->is_ca = X509_check_ca(parsed->x509.get()) > 0 &&
                  (X509_get_extension_flags(parsed->x509.get()) & EXFLAG_CA) != 0;
  parsed->self_signed = (X509_get_extension_flags(parsed->x509.get()) & EXFLAG_SS) != 0;
  parsed->der.assign(der.begin(), der.end());
  parsed->subject_der = DerOf(X509_get_subject_name(x509), i2d_X509_NAME);
  parsed->issuer_der = DerOf(X509_get_issuer_name(x509), i2d_X509_NAME);
  parsed->spki = DerOf(const_cast<const X509_PUBKEY*>(X509_get_X509_PUBKEY(x509)), i2d_X509_PUBKEY);
  parsed->subject = NameText(X509_get_subject_name(x509));
  parsed->issuer = NameText(X509_get_issuer_name(x509));
  parsed->not_before = TimeOf(X509_get0_notBefore(x509));
  parsed->not_after = TimeOf(X509_get0_notAfter(x509));
  parsed->sha256 = HexEncode(Digest(Hash::kSha256, der));
  parsed->user_name = UserName(x509);
  return Certificate(std::move(parsed));
}

std::vector<Certificate> Certificate::FromPem(std::string_view pem) {
  const OpenSslErrorMark mark;
  const OpenSslPtr<BIO> bio(
      CheckOpenSsl(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), "BIO_new_mem_buf"));
  std::vector<Certificate> certificates;
  unsigned char* data = nullptr;
  long size = 0;
  while (PEM_bytes_read_bio(&data, &size, nullptr, PEM_STRING_X509, bio.get(), nullptr, nullptr) == 1) {
    const OpenSslPtr<unsigned char> owned(data);
    certificates.push_back(FromDer({data, static_cast<std::size_t>(size)}));
  }
  if (certificates.empty()) {
    throw Error({.code = ErrorCode::kMalformed,
                 .detail = "the PEM text holds no certificate",
                 .mend = "Give a file with at least one BEGIN CERTIFICATE block."});
  }
  return certificates;
}

std::span<const std::uint8_t> Certificate::der() const noexcept { return parsed_->der; }
const std::string& Certificate::subject() const noexcept { return parsed_->subject; }
const std::string& Certificate::issuer() const noexcept { return parsed_->issuer; }
std::span<const std::uint8_t> Certificate::subject_der() const noexcept { return parsed_->subject_der; }
std::span<const std::uint8_t> Certificate::issuer_der() const noexcept { return parsed_->issuer_der; }
std::span<const std::uint8_t> Certificate::subject_public_key_info() const noexcept { return parsed_->spki; }
TimePoint Certificate::not_before() const noexcept { return parsed_->not_before; }
TimePoint Certificate::not_after() const noexcept { return parsed_->not_after; }
const std::string& Certificate::sha256() const noexcept { return parsed_->sha256; }
const std::string& Certificate::user_name() const noexcept { return parsed_->user_name; }
bool Certificate::is_ca() const noexcept { return parsed_->is_ca; }
bool Certificate::self_signed() const noexcept { return parsed_->self_signed; }
X509* Certificate::native() const noexcept { return parsed_->x509.get(); }

std::string Certificate::ToPem() const {
  const OpenSslPtr<BIO> bio(CheckOpenSsl(BIO_new(BIO_s_mem()), "BIO_new"));
  CheckOpenSsl(PEM_write_bio_X509(bio.get(), parsed_->x509.get()), "PEM_write_bio_X509");
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

bool operator==(const Certificate& a, const Certificate& b) noexcept {
  return a.parsed_ == b.parsed_ || a.parsed_->der == b.parsed_->der;
}

}  // namespace signet

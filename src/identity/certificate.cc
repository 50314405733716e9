#include "base/hex.h"
#include "base/openssl_context.h"
#include "base/openssl_error.h"
#include "base/openssl_ptr.h"
#include "identity/hashes.h"
#include "identity/name_text.h"
#include <signet/certificate.h>
#include <signet/error.h>

#include <algorithm>
#include <mutex>

#include <fmt/format.h>
#include <openssl/pem.h>

namespace signet {

struct Certificate::Parsed {
  std::vector<std::uint8_t> der, subject_der, issuer_der, spki;
  std::string subject, issuer, sha256, user_name;
  TimePoint not_before, not_after;

  // Whole gives the certificate with its key decoded, and its extensions too, so that many threads may read
  // them; null if memory ran out. It is made at the first call.
  X509* Whole() const noexcept;
  bool IsCa() const noexcept { return Whole() != nullptr && is_ca_; }
  // Names that differ tell without the key.
  bool IsSelfSigned() const noexcept {
    return subject_der == issuer_der && Whole() != nullptr && is_self_signed_;
  }

 private:
  mutable std::once_flag once_;
  mutable OpenSslPtr<X509> whole_;
  mutable bool is_ca_ = false;
  mutable bool is_self_signed_ = false;
};

namespace {

// ThrowMalformed gives OpenSSL's reason only where OpenSSL refused: what else is in its queue is older.
[[noreturn]] void ThrowMalformed(std::string detail, NativeCode reason = {}) {
  throw Error({.code = ErrorCode::kMalformed,
               .detail = std::move(detail),
               .call = "d2i_X509",
               .native = std::move(reason),
               .hint = "Check that the data is an X.509 certificate."});
}

// Decode reads one certificate at the start of `der` and moves `position` behind it; null if there is
// none.
OpenSslPtr<X509> Decode(OSSL_LIB_CTX* context, std::span<const std::uint8_t> der,
                        const unsigned char*& position) {
  X509* raw = X509_new_ex(context, nullptr);
  position = der.data();
  // d2i frees and clears the object that it is given when it fails.
  if (raw != nullptr) d2i_X509(&raw, &position, static_cast<long>(der.size()));
  return OpenSslPtr<X509>(raw);
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
  // Dates outside of the clock's range count as unlimited.
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

X509* Certificate::Parsed::Whole() const noexcept {
  std::call_once(once_, [this] {
    const OpenSslErrorMark mark;
    const unsigned char* position = nullptr;
    whole_ = Decode(OwnContext(), der, position);
    if (whole_ == nullptr) return;
    const bool may_issue = X509_check_ca(whole_.get()) > 0;  // fills the extension cache
    const std::uint32_t flags = X509_get_extension_flags(whole_.get());
    is_ca_ = may_issue && (flags & EXFLAG_CA) != 0;
    is_self_signed_ = (flags & EXFLAG_SS) != 0;
  });
  return whole_.get();
}

Certificate Certificate::FromDer(std::span<const std::uint8_t> der) {
  const OpenSslErrorMark mark;
  auto parsed = std::make_shared<Parsed>();
  const unsigned char* position = nullptr;
  // Where no provider has algorithms the key is not decoded, which is nine tenths of the work in OpenSSL 3.0.
  const OpenSslPtr<X509> fields = Decode(ContextWithoutAlgorithms(), der, position);
  if (fields == nullptr) ThrowMalformed("not a certificate", LastOpenSslError());
  if (position != der.data() + der.size()) ThrowMalformed("bytes follow the certificate");

  const X509* x509 = fields.get();
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
                 .hint = "Give a file with at least one BEGIN CERTIFICATE block."});
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
bool Certificate::is_ca() const noexcept { return parsed_->IsCa(); }
bool Certificate::self_signed() const noexcept { return parsed_->IsSelfSigned(); }
X509* Certificate::native() const noexcept { return parsed_->Whole(); }

std::string Certificate::ToPem() const {
  const OpenSslPtr<BIO> bio(CheckOpenSsl(BIO_new(BIO_s_mem()), "BIO_new"));
  CheckOpenSsl(PEM_write_bio_X509(bio.get(), native()), "PEM_write_bio_X509");
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

bool operator==(const Certificate& a, const Certificate& b) noexcept {
  return a.parsed_ == b.parsed_ || a.parsed_->der == b.parsed_->der;
}

}  // namespace signet

#include "openssl_provider/pem_uri.h"

#include "base/openssl_error.h"
#include "base/openssl_ptr.h"

#include <openssl/pem.h>

namespace signet::provider {
namespace {

std::string_view TextOf(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

bool Is(const ASN1_TYPE* value, int type) { return ASN1_TYPE_get(value) == type; }

void Append(STACK_OF(ASN1_TYPE) * sequence, int type, std::string_view text) {
  OpenSslPtr<ASN1_STRING> string(CheckOpenSsl(ASN1_STRING_type_new(type), "ASN1_STRING_type_new"));
  CheckOpenSsl(ASN1_STRING_set(string.get(), text.data(), static_cast<int>(text.size())), "ASN1_STRING_set");
  OpenSslPtr<ASN1_TYPE> value(CheckOpenSsl(ASN1_TYPE_new(), "ASN1_TYPE_new"));
  ASN1_TYPE_set(value.get(), type, string.release());
  CheckOpenSsl(sk_ASN1_TYPE_push(sequence, value.get()), "sk_ASN1_TYPE_push");
  (void)value.release();
}

Secret UriDer(std::string_view uri) {
  const OpenSslPtr<STACK_OF(ASN1_TYPE)> sequence(
      CheckOpenSsl(sk_ASN1_TYPE_new_null(), "sk_ASN1_TYPE_new_null"));
  Append(sequence.get(), V_ASN1_VISIBLESTRING, kUriVersion);
  Append(sequence.get(), V_ASN1_UTF8STRING, uri);
  const int size = i2d_ASN1_SEQUENCE_ANY(sequence.get(), nullptr);
  CheckOpenSsl(size, "i2d_ASN1_SEQUENCE_ANY");
  Secret der = Secret::OfSize(static_cast<std::size_t>(size));
  unsigned char* position = der.writable_bytes().data();
  CheckOpenSsl(i2d_ASN1_SEQUENCE_ANY(sequence.get(), &position), "i2d_ASN1_SEQUENCE_ANY");
  return der;
}

}  // namespace

std::optional<Secret> UriInDer(std::span<const std::uint8_t> der) {
  const OpenSslErrorMark mark;
  const unsigned char* position = der.data();
  const OpenSslPtr<STACK_OF(ASN1_TYPE)> sequence(
      d2i_ASN1_SEQUENCE_ANY(nullptr, &position, static_cast<long>(der.size())));
  if (sequence == nullptr || sk_ASN1_TYPE_num(sequence.get()) != 2) return std::nullopt;
  const ASN1_TYPE* version = sk_ASN1_TYPE_value(sequence.get(), 0);
  const ASN1_TYPE* uri = sk_ASN1_TYPE_value(sequence.get(), 1);
  if (!Is(version, V_ASN1_VISIBLESTRING) || TextOf(version->value.visiblestring) != kUriVersion)
    return std::nullopt;
  if (!Is(uri, V_ASN1_UTF8STRING)) return std::nullopt;
  return Secret(TextOf(uri->value.utf8string));
}

Secret UriPem(std::string_view uri) {
  const OpenSslErrorMark mark;
  const std::string_view label = uri.starts_with("pkcs11:") ? kPkcs11UriLabel : kSignetUriLabel;
  const Secret der = UriDer(uri);
  const OpenSslPtr<BIO> pem(CheckOpenSsl(BIO_new(BIO_s_secmem()), "BIO_new"));
  CheckOpenSsl(
      PEM_write_bio(pem.get(), label.data(), "", reinterpret_cast<const unsigned char*>(der.view().data()),
                    static_cast<long>(der.size())),
      "PEM_write_bio");
  char* text = nullptr;
  const long size = BIO_get_mem_data(pem.get(), &text);
  return Secret({text, static_cast<std::size_t>(size)});
}

}  // namespace signet::provider

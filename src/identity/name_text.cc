#include "identity/name_text.h"

#include "base/openssl_error.h"
#include "base/openssl_ptr.h"

namespace signet {

std::string NameText(const X509_NAME* name) {
  const OpenSslPtr<BIO> bio(CheckOpenSsl(BIO_new(BIO_s_mem()), "BIO_new"));
  X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB));
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string NameText(std::span<const std::uint8_t> der) {
  const OpenSslErrorMark mark;
  const unsigned char* position = der.data();
  const OpenSslPtr<X509_NAME> name(d2i_X509_NAME(nullptr, &position, static_cast<long>(der.size())));
  return name != nullptr ? NameText(name.get()) : "malformed name";
}

}  // namespace signet

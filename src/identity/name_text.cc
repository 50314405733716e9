#include "identity/name_text.h"

#include "base/openssl_error.h"
#include "base/openssl_ptr.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

namespace signet::inline identity {
namespace {

// Escaped writes U+0080 to U+009F, which terminals obey, as RFC 4514 escapes bytes; OpenSSL escapes the
// controls below.
std::string Escaped(std::string_view text) {
  std::string escaped;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0;
    if (text[i] == '\xc2' && next >= 0x80 && next < 0xa0) {
      escaped += fmt::format("\\C2\\{:02X}", next);
      ++i;
    } else {
      escaped += text[i];
    }
  }
  return escaped;
}

OpenSslPtr<X509_NAME> Parsed(std::span<const std::uint8_t> der) {
  const unsigned char* position = der.data();
  return OpenSslPtr<X509_NAME>(d2i_X509_NAME(nullptr, &position, static_cast<long>(der.size())));
}

}  // namespace

std::string NameText(const X509_NAME* name) {
  const OpenSslPtr<BIO> bio(CheckOpenSsl(BIO_new(BIO_s_mem()), "BIO_new"));
  X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB));
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return Escaped({data, static_cast<std::size_t>(size)});
}

std::string NameText(std::span<const std::uint8_t> der) {
  const OpenSslErrorMark mark;
  const OpenSslPtr<X509_NAME> name = Parsed(der);
  return name != nullptr ? NameText(name.get()) : "malformed name";
}

bool SameName(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) {
  if (std::ranges::equal(a, b)) return true;
  const OpenSslErrorMark mark;
  const OpenSslPtr<X509_NAME> first = Parsed(a);
  const OpenSslPtr<X509_NAME> second = Parsed(b);
  return first != nullptr && second != nullptr && X509_NAME_cmp(first.get(), second.get()) == 0;
}

}  // namespace signet::inline identity

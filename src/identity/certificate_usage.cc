#include "identity/certificate_usage.h"

#include "base/openssl_error.h"
#include "base/openssl_ptr.h"

#include <fmt/format.h>

namespace signet::inline identity {
namespace {

// PurposeRow ties a Purpose to its bits and names.
struct PurposeRow {
  std::uint32_t extended_key_usage;
  int netscape;
  const char* shown;
  const char* netscape_shown;
};

const PurposeRow& RowOf(Purpose purpose) {
  static constexpr PurposeRow kRows[] = {{XKU_SSL_CLIENT, NS_SSL_CLIENT, "clientAuth", "SSL client"},
                                         {XKU_SSL_SERVER, NS_SSL_SERVER, "serverAuth", "SSL server"}};
  return kRows[static_cast<std::size_t>(purpose)];
}

// NetscapeCertType gives the first byte of the bit string; all bits if there is no such extension, none
// where it cannot be read.
int NetscapeCertType(const X509* certificate) {
  const OpenSslErrorMark mark;
  if (X509_get_ext_by_NID(certificate, NID_netscape_cert_type, -1) < 0) return 0xff;
  const OpenSslPtr<ASN1_BIT_STRING> bits(
      static_cast<ASN1_BIT_STRING*>(X509_get_ext_d2i(certificate, NID_netscape_cert_type, nullptr, nullptr)));
  if (bits == nullptr || ASN1_STRING_length(bits.get()) == 0) return 0;
  return ASN1_STRING_get0_data(bits.get())[0];
}

}  // namespace

std::optional<Weakness> WeaknessOf(const Certificate& certificate) {
  constexpr int kLeastBits = 112;  // of security level 2: SSL_CTX_set_security_level(3)
  const OpenSslErrorMark mark;
  X509* native = certificate.native();
  const EVP_PKEY* key = X509_get0_pubkey(native);
  const int key_bits = key != nullptr ? EVP_PKEY_get_security_bits(key) : -1;
  if (key_bits >= 0 && key_bits < kLeastBits) {
    return Weakness{Weakness::Of::kKey,
                    fmt::format("the key in the certificate of {} is too weak for OpenSSL's default security "
                                "level, 2: it has {} bits of security and needs {}",
                                certificate.subject(), key_bits, kLeastBits)};
  }
  int digest = NID_undef;
  int signature_bits = -1;
  if ((X509_get_extension_flags(native) & EXFLAG_SS) != 0 ||
      X509_get_signature_info(native, &digest, nullptr, &signature_bits, nullptr) != 1)
    return std::nullopt;
  if (signature_bits < 0 || signature_bits >= kLeastBits) return std::nullopt;
  const char* name = digest != NID_undef ? OBJ_nid2sn(digest) : nullptr;
  return Weakness{Weakness::Of::kSignature,
                  fmt::format("the signature on the certificate of {} ({}) is too weak for OpenSSL's default "
                              "security level, 2",
                              certificate.subject(), name != nullptr ? name : "of no known hash")};
}

bool HasUnknownCriticalExtension(const Certificate& certificate) {
  const OpenSslErrorMark mark;
  return (X509_get_extension_flags(certificate.native()) & EXFLAG_CRITICAL) != 0;
}

bool NamesAnyPurposeOnly(const Certificate& certificate, Purpose purpose) {
  const std::uint32_t usage = X509_get_extended_key_usage(certificate.native());
  return usage != UINT32_MAX && (usage & XKU_ANYEKU) != 0 && (usage & RowOf(purpose).extended_key_usage) == 0;
}

std::vector<UsageFault> UsageFaults(const Certificate& certificate, Purpose purpose) {
  const PurposeRow& row = RowOf(purpose);
  X509* native = certificate.native();
  std::vector<UsageFault> faults;
  if ((X509_get_key_usage(native) & KU_DIGITAL_SIGNATURE) == 0) faults.push_back(UsageFault::kKeyUsage);
  // UINT32_MAX where the extension is absent.
  if ((X509_get_extended_key_usage(native) & (row.extended_key_usage | XKU_ANYEKU)) == 0)
    faults.push_back(UsageFault::kExtendedKeyUsage);
  if ((NetscapeCertType(native) & row.netscape) == 0) faults.push_back(UsageFault::kNetscapeCertType);
  return faults;
}

std::string Text(UsageFault fault, Purpose purpose) {
  switch (fault) {
    case UsageFault::kKeyUsage:
      return "its key usage lacks digitalSignature";
    case UsageFault::kExtendedKeyUsage:
      return fmt::format("its extended key usage lacks {}", RowOf(purpose).shown);
    case UsageFault::kNetscapeCertType:
      break;
  }
  return fmt::format("its Netscape certificate type (nsCertType) lacks {}", RowOf(purpose).netscape_shown);
}

}  // namespace signet::inline identity

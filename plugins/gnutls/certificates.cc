#include "gnutls/certificates.h"

#include "gnutls/guard.h"

#include <memory>
#include <new>
#include <string>
#include <type_traits>
#include <utility>

#include <gnutls/x509.h>

namespace signet::gnutls {
namespace {

struct CertificateFreed {
  void operator()(gnutls_x509_crt_t certificate) const noexcept { gnutls_x509_crt_deinit(certificate); }
};

using Parsed = std::unique_ptr<std::remove_pointer_t<gnutls_x509_crt_t>, CertificateFreed>;

// Parse gives null where GnuTLS cannot read it.
Parsed Parse(const gnutls_datum_t& der) noexcept {
  gnutls_x509_crt_t made = nullptr;
  if (gnutls_x509_crt_init(&made) < 0) return nullptr;
  Parsed parsed(made);
  return gnutls_x509_crt_import(made, &der, GNUTLS_X509_FMT_DER) == 0 ? std::move(parsed) : nullptr;
}

bool IsRoot(const gnutls_datum_t& der) noexcept {
  const Parsed parsed = Parse(der);
  return parsed != nullptr && gnutls_x509_crt_check_issuer(parsed.get(), parsed.get()) != 0;
}

}  // namespace

Certificates::Certificates(const signet_identity* identity) {
  const std::size_t count = signet_identity_certificate_count(identity);
  list_ = static_cast<gnutls_pcert_st*>(gnutls_calloc(count, sizeof(gnutls_pcert_st)));
  if (list_ == nullptr) throw std::bad_alloc();
  for (std::size_t i = 0; i < count; ++i) {
    std::size_t size = 0;
    const std::uint8_t* der = signet_identity_certificate(identity, i, &size);
    const gnutls_datum_t datum{const_cast<std::uint8_t*>(der), static_cast<unsigned>(size)};
    if (i > 0 && IsRoot(datum)) continue;  // the peer has it anyway
    const int status = gnutls_pcert_import_x509_raw(&list_[size_], &datum, GNUTLS_X509_FMT_DER, 0);
    if (status < 0) {
      const std::string text = gnutls_strerror(status);
      Free();
      throw Refused("GnuTLS cannot read a certificate of the chain: " + text);
    }
    ++size_;
  }
  const int algorithm = gnutls_pubkey_get_pk_algorithm(list_[0].pubkey, &bits_);
  if (algorithm > 0) algorithm_ = static_cast<gnutls_pk_algorithm_t>(algorithm);
}

Certificates::~Certificates() { Free(); }

void Certificates::Free() noexcept {
  for (unsigned i = 0; list_ != nullptr && i < size_; ++i) gnutls_pcert_deinit(&list_[i]);
  gnutls_free(list_);
  list_ = nullptr;
}

gnutls_pcert_st* Certificates::Release(unsigned* size) noexcept {
  *size = size_;
  return std::exchange(list_, nullptr);
}

}  // namespace signet::gnutls

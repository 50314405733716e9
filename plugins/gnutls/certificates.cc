#include "gnutls/certificates.h"

#include "gnutls/guard.h"

#include <new>
#include <string>
#include <utility>

namespace signet::gnutls {

Certificates::Certificates(const signet_identity* identity) {
  const std::size_t count = signet_identity_certificate_count(identity);
  list_ = static_cast<gnutls_pcert_st*>(gnutls_calloc(count, sizeof(gnutls_pcert_st)));
  if (list_ == nullptr) throw std::bad_alloc();
  for (; size_ < count; ++size_) {
    std::size_t size = 0;
    const std::uint8_t* der = signet_identity_certificate(identity, size_, &size);
    const gnutls_datum_t datum{const_cast<std::uint8_t*>(der), static_cast<unsigned>(size)};
    const int status = gnutls_pcert_import_x509_raw(&list_[size_], &datum, GNUTLS_X509_FMT_DER, 0);
    if (status < 0) {
      const std::string text = gnutls_strerror(status);
      Free();
      throw Refused("GnuTLS cannot read a certificate of the chain: " + text);
    }
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

#pragma once

#include "gnutls/handles.h"

namespace signet::gnutls {

// Certificates are what is sent of an identity's, as GnuTLS wants to be handed them: every object by
// gnutls_malloc. The root is left out.
class Certificates {
 public:
  // Certificates reads the chain, leaf first; throws Refused where GnuTLS cannot read it.
  explicit Certificates(const signet_identity* identity);
  ~Certificates();
  Certificates(const Certificates&) = delete;
  Certificates& operator=(const Certificates&) = delete;

  gnutls_pk_algorithm_t algorithm() const noexcept { return algorithm_; }
  unsigned bits() const noexcept { return bits_; }
  // Release hands the list out, to be freed by GnuTLS.
  gnutls_pcert_st* Release(unsigned* size) noexcept;

 private:
  void Free() noexcept;

  gnutls_pcert_st* list_ = nullptr;
  unsigned size_ = 0;
  gnutls_pk_algorithm_t algorithm_ = GNUTLS_PK_UNKNOWN;
  unsigned bits_ = 0;
};

}  // namespace signet::gnutls

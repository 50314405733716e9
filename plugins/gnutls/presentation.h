#pragma once

#include "gnutls/handles.h"

#include <memory>
#include <mutex>
#include <new>
#include <stdexcept>
#include <string>

namespace signet::gnutls {

// Refused is why GnuTLS cannot present an identity.
struct Refused : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Certificates are an identity's, as GnuTLS wants to be handed them: every object by gnutls_malloc.
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

// Attempt is what one session did last with a selector.
struct Attempt {
  std::mutex mutex;
  Owned<signet_choice> choice;
  Owned<signet_error> error;
};

// MakeKey gives the identity's key; what keeps it from signing goes to `attempt`, which may be null. Throws
// Refused.
Owned<gnutls_privkey_st> MakeKey(const signet_identity* identity, std::shared_ptr<Attempt> attempt);

// Raised is the current exception as an error of signet.h. Only within a catch block.
signet_error* Raised() noexcept;

}  // namespace signet::gnutls

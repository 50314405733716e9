#pragma once

#include <signet/certificate.h>

#include <vector>

namespace signet {

// CertificateChain is a leaf and the intermediates that lead from it towards a root, each certifying the one
// before it (RFC 8446 section 4.4.2). It is never empty.
class CertificateChain {
 public:
  // CertificateChain orders `others` behind `leaf` by issuer name, key identifier and signature; certificates
  // that do not belong to the path are left out. Ends at a self-issued certificate or where no issuer is
  // found.
  CertificateChain(Certificate leaf, const std::vector<Certificate>& others);
  explicit CertificateChain(Certificate leaf) : CertificateChain(std::move(leaf), {}) {}

  const Certificate& leaf() const noexcept { return certificates_.front(); }
  // certificates: leaf first.
  const std::vector<Certificate>& certificates() const noexcept { return certificates_; }
  // Completed returns the chain continued with what `others` can add.
  CertificateChain Completed(const std::vector<Certificate>& others) const;

 private:
  std::vector<Certificate> certificates_;
};

}  // namespace signet

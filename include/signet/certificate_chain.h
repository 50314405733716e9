#pragma once

#include <signet/certificate.h>
#include <signet/export.h>

#include <memory>
#include <vector>

namespace signet {

// CertificateChain is a leaf and the intermediates that lead from it towards a root, each certifying the one
// before it (RFC 8446 section 4.4.2), and the other paths through the same issuers. It is never empty.
// Immutable and cheap to copy.
class SIGNET_EXPORT CertificateChain {
 public:
  // CertificateChain orders `others` behind `leaf` by issuer name, key identifier and signature; certificates
  // that do not belong to the path are left out. Ends at a self-signed certificate or where no issuer is
  // found. Of several issuers the one that is valid longest is taken; paths() has the others.
  CertificateChain(Certificate leaf, const std::vector<Certificate>& others);
  explicit CertificateChain(Certificate leaf) : CertificateChain(std::move(leaf), {}) {}

  const Certificate& leaf() const noexcept { return certificates_.front(); }
  // certificates: leaf first.
  const std::vector<Certificate>& certificates() const noexcept { return certificates_; }
  // Completed returns the chain continued with what `others` can add.
  CertificateChain Completed(const std::vector<Certificate>& others) const;
  // paths lists every way from the leaf through the issuers at hand, leaf first: several where a CA is
  // cross-signed. At most 32 paths of at most 16 certificates.
  const std::vector<std::vector<Certificate>>& paths() const noexcept { return *paths_; }
  // cut tells whether the chain goes on beyond the 16 certificates that a path may have.
  bool cut() const noexcept;
  // WithPath returns the chain that takes `path`, one of paths() or the beginning of one.
  CertificateChain WithPath(std::vector<Certificate> path) const;

 private:
  std::shared_ptr<const std::vector<std::vector<Certificate>>> paths_;
  std::vector<Certificate> certificates_;
  bool cut_ = false;  // some path is
};

}  // namespace signet

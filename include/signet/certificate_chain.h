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
  // CertificateChain orders `others` after `leaf` by issuer name, key identifier and signature; certificates
  // that do not belong to the path are omitted. It ends at a self-signed certificate or if no issuer is
  // found. If there are several issuers, it uses the one that is valid longest; paths() has the others.
  CertificateChain(Certificate leaf, const std::vector<Certificate>& others);
  explicit CertificateChain(Certificate leaf) : CertificateChain(std::move(leaf), {}) {}

  // leaf is the certificate whose key the identity has.
  const Certificate& leaf() const noexcept { return certificates_.front(); }
  // certificates: leaf first.
  const std::vector<Certificate>& certificates() const noexcept { return certificates_; }
  // Completed returns the chain, extended with certificates from `others`.
  CertificateChain Completed(const std::vector<Certificate>& others) const;
  // paths lists all paths from the leaf through the known issuers, leaf first: several if a CA is
  // cross-signed. At most 32 paths of at most 16 certificates.
  const std::vector<std::vector<Certificate>>& paths() const noexcept { return *paths_; }
  // cut tells whether the chain was truncated at the maximum of 16 certificates.
  bool cut() const noexcept;
  // WithPath returns the chain along `path`, which is one of paths() or the beginning of one.
  CertificateChain WithPath(std::vector<Certificate> path) const;

 private:
  std::shared_ptr<const std::vector<std::vector<Certificate>>> paths_;
  std::vector<Certificate> certificates_;
  bool cut_ = false;  // some path is
};

}  // namespace signet

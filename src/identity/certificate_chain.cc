#include <signet/certificate_chain.h>

#include <algorithm>

#include <openssl/x509v3.h>

#include "base/openssl_error.h"

namespace signet {
namespace {

// Issued tells whether `issuer` certifies `subject`: by name, key identifier and key usage first (all that OpenSSL
// checks cheaply), then by the signature, unless the algorithm is one that OpenSSL does not know.
bool Issued(const Certificate& issuer, const Certificate& subject) {
  const OpenSslErrorMark mark;
  if (X509_check_issued(issuer.native(), subject.native()) != X509_V_OK) return false;
  EVP_PKEY* key = X509_get0_pubkey(issuer.native());
  return key == nullptr || X509_verify(subject.native(), key) == 1;
}

// FindIssuer prefers the candidate that is valid longest.
const Certificate* FindIssuer(const Certificate& subject, const std::vector<Certificate>& candidates) {
  const Certificate* best = nullptr;
  for (const Certificate& candidate : candidates) {
    if (candidate == subject || !Issued(candidate, subject)) continue;
    if (best == nullptr || candidate.not_after() > best->not_after()) best = &candidate;
  }
  return best;
}

}  // namespace

CertificateChain::CertificateChain(Certificate leaf, const std::vector<Certificate>& others)
    : certificates_{std::move(leaf)} {
  while (!certificates_.back().self_issued()) {
    const Certificate* issuer = FindIssuer(certificates_.back(), others);
    if (issuer == nullptr || std::ranges::find(certificates_, *issuer) != certificates_.end()) break;
    certificates_.push_back(*issuer);
  }
}

CertificateChain CertificateChain::Completed(const std::vector<Certificate>& others) const {
  std::vector<Certificate> pool(certificates_.begin() + 1, certificates_.end());
  pool.insert(pool.end(), others.begin(), others.end());
  return CertificateChain(leaf(), pool);
}

}  // namespace signet

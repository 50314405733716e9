#include "base/openssl_error.h"
#include <signet/certificate_chain.h>

#include <algorithm>
#include <functional>

#include <openssl/x509v3.h>

namespace signet {
namespace {

// Certificates come from files that anybody may have made: a path is no longer than any in use, and so many
// signatures are checked for it and no more.
constexpr std::size_t kMaxPath = 16;
constexpr int kMaxSignatures = 64;

// MayHaveIssued compares names, key identifiers and key usage: all that OpenSSL checks cheaply.
bool MayHaveIssued(const Certificate& issuer, const Certificate& subject) {
  return issuer != subject && X509_check_issued(issuer.native(), subject.native()) == X509_V_OK;
}

// Signed checks the signature, unless the algorithm is one that OpenSSL does not know.
bool Signed(const Certificate& issuer, const Certificate& subject) {
  EVP_PKEY* key = X509_get0_pubkey(issuer.native());
  return key == nullptr || X509_verify(subject.native(), key) == 1;
}

bool SameKeyIdentifier(const Certificate& issuer, const Certificate& subject) {
  const ASN1_OCTET_STRING* wanted = X509_get0_authority_key_id(subject.native());
  const ASN1_OCTET_STRING* present = X509_get0_subject_key_id(issuer.native());
  return wanted != nullptr && present != nullptr && ASN1_OCTET_STRING_cmp(wanted, present) == 0;
}

// FindIssuer prefers the candidate that is valid longest.
const Certificate* FindIssuer(const Certificate& subject, const std::vector<Certificate>& candidates,
                              int& signatures) {
  const OpenSslErrorMark mark;
  std::vector<const Certificate*> possible;
  for (const Certificate& candidate : candidates) {
    if (MayHaveIssued(candidate, subject)) possible.push_back(&candidate);
  }
  // Names and key identifiers leave no doubt, and the peer checks the signature in any case.
  if (possible.size() == 1 && SameKeyIdentifier(*possible.front(), subject)) return possible.front();
  std::ranges::stable_sort(possible, std::ranges::greater(),
                           [](const Certificate* c) { return c->not_after(); });
  for (const Certificate* candidate : possible) {
    if (--signatures < 0) return nullptr;
    if (Signed(*candidate, subject)) return candidate;
  }
  return nullptr;
}

}  // namespace

CertificateChain::CertificateChain(Certificate leaf, const std::vector<Certificate>& others)
    : certificates_{std::move(leaf)} {
  int signatures = kMaxSignatures;
  while (!certificates_.back().self_issued() && certificates_.size() < kMaxPath) {
    const Certificate* issuer = FindIssuer(certificates_.back(), others, signatures);
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

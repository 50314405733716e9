#include "base/openssl_error.h"
#include <signet/certificate_chain.h>

#include <algorithm>
#include <functional>
#include <map>
#include <string>

#include <openssl/x509v3.h>

namespace signet {
namespace {

// Certificates come from files that anybody may have made: the length and number of paths are bounded, and so
// is the number of signatures that are checked to find them.
constexpr std::size_t kMaxPath = 16;
constexpr std::size_t kMaxPaths = 32;
constexpr int kMaxSignatures = 64;

using Path = std::vector<Certificate>;

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

// PathFinder walks the pool depth first.
class PathFinder {
 public:
  explicit PathFinder(const Path& pool) : pool_(pool) {}

  std::vector<Path> From(const Certificate& leaf) {
    const OpenSslErrorMark mark;
    path_ = {leaf};
    Walk();
    return std::move(found_);
  }
  bool cut() const noexcept { return cut_; }

 private:
  void Walk() {
    bool continued = false;
    if (!path_.back().self_signed() && path_.size() < kMaxPath) {
      for (const Certificate* issuer : IssuersOf(path_.back())) {
        if (found_.size() == kMaxPaths) return;
        if (std::ranges::find(path_, *issuer) != path_.end()) continue;
        path_.push_back(*issuer);
        Walk();
        path_.pop_back();
        continued = true;
      }
    }
    if (!continued && found_.size() < kMaxPaths) {
      cut_ = cut_ || (path_.size() == kMaxPath && GoesOn());
      found_.push_back(path_);
    }
  }

  // GoesOn tells whether an issuer of the last certificate is available.
  bool GoesOn() {
    if (path_.back().self_signed()) return false;
    return std::ranges::any_of(IssuersOf(path_.back()), [&](const Certificate* issuer) {
      return std::ranges::find(path_, *issuer) == path_.end();
    });
  }

  // IssuersOf gives the proven issuers of `subject`, the one that is valid longest first. Each subject is
  // looked at once, however many paths lead through it.
  const std::vector<const Certificate*>& IssuersOf(const Certificate& subject) {
    const auto [row, is_new] = issuers_.try_emplace(subject.sha256());
    if (!is_new) return row->second;
    std::vector<const Certificate*> possible;
    for (const Certificate& candidate : pool_) {
      const auto same = [&](const Certificate* c) { return *c == candidate; };
      if (MayHaveIssued(candidate, subject) && std::ranges::none_of(possible, same))
        possible.push_back(&candidate);
    }
    std::ranges::stable_sort(possible, std::ranges::greater(),
                             [](const Certificate* c) { return c->not_after(); });
    // A name and a key identifier that one certificate has leave no doubt; the peer checks the signature.
    const bool certain = possible.size() == 1 && SameKeyIdentifier(*possible.front(), subject);
    for (const Certificate* candidate : possible) {
      if (!certain && --signatures_ < 0) break;
      if (certain || Signed(*candidate, subject)) row->second.push_back(candidate);
    }
    return row->second;
  }

  const Path& pool_;
  int signatures_ = kMaxSignatures;
  std::map<std::string, std::vector<const Certificate*>> issuers_;
  Path path_;
  std::vector<Path> found_;
  bool cut_ = false;
};

}  // namespace

CertificateChain::CertificateChain(Certificate leaf, const std::vector<Certificate>& others) {
  PathFinder finder(others);
  paths_ = std::make_shared<const std::vector<Path>>(finder.From(leaf));
  certificates_ = paths_->front();
  cut_ = finder.cut();
}

bool CertificateChain::cut() const noexcept { return cut_ && certificates_.size() == kMaxPath; }

CertificateChain CertificateChain::Completed(const std::vector<Certificate>& others) const {
  Path pool;
  for (const Path& path : *paths_) pool.insert(pool.end(), path.begin() + 1, path.end());
  pool.insert(pool.end(), others.begin(), others.end());
  CertificateChain chain(leaf(), pool);
  chain.cut_ = chain.cut_ || cut_;  // What was cut off is not in the paths.
  return chain;
}

CertificateChain CertificateChain::WithPath(Path path) const {
  CertificateChain chain = *this;
  chain.certificates_ = std::move(path);
  return chain;
}

}  // namespace signet

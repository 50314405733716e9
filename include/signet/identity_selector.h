#pragma once

#include <signet/certificate_request.h>
#include <signet/export.h>
#include <signet/identity.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace signet {

class Candidates;
struct Verdict;

// IdentitySet is identities to choose from, read once when it is made. Immutable, cheap to copy, usable
// from any thread.
class SIGNET_EXPORT IdentitySet {
 public:
  IdentitySet() : IdentitySet(std::vector<Identity>{}) {}
  // IdentitySet completes every chain with what `others` can add, as far as it can.
  explicit IdentitySet(std::vector<Identity> identities, const std::vector<Certificate>& others = {});

  const std::vector<Identity>& identities() const noexcept;
  bool empty() const noexcept { return identities().empty(); }

 private:
  friend class Choice;
  std::shared_ptr<const Candidates> candidates_;
};

// Reason is why an identity was taken or not, or a warning about the one that was.
struct Reason {
  enum class Code {
    // Cryptographic: no policy makes such an identity usable.
    kKeyCertificateMismatch,
    kKeyUnavailable,      // the token is gone, its PIN is locked
    kNoScheme,            // TLS has none for this key
    kNoSchemeForVersion,  // RSA without PSS under TLS 1.3
    kStackLacksScheme,
    kPeerLacksScheme,
    kCertificateType,   // TLS 1.2
    kCurveNotOffered,   // TLS 1.2: an EC key on a curve that is not among the offered groups (RFC 8422 5.1)
    kKeyTooWeak,        // for the stack's security level or policy: a key of the chain
    kSignatureTooWeak,  // the same: a signature of the chain
    // What the peer would hold against it; a pinned identity is sent all the same, with the reason as a
    // warning.
    kAuthorities,
    kKeyUsage,
    kExtendedKeyUsage,
    kNetscapeCertType,
    kNotYetValid,
    kExpired,
    kOidFilter,  // TLS 1.3
    // Nothing is wrong with it.
    kNotPinned,
    kOutranked,
    kPreferred,  // why the chosen one was chosen
    // Warnings only.
    kChainSignature,    // a scheme in the chain is not in the peer's signature_algorithms_cert
    kChainNotYetValid,  // another certificate of the chain
    kChainExpired,
    kIncompleteChain,    // it leads neither to a root nor to an authority that the peer named
    kChainTooLong,       // it goes on beyond the certificates that a path may have, and was cut
    kOtherPath,          // it was sent by way of one issuer, and another one's certificate is at hand
    kCriticalExtension,  // one that OpenSSL does not know, in the leaf
    kAnyPurposeOnly,     // the leaf's extended key usage has anyExtendedKeyUsage and not the purpose itself
    kHostName,           // a server's own certificate does not name the host that the client asked for
  };
  Code code;
  std::string text;  // one sentence without full stop, lower case
};

// SelectionPolicy is what the user and the TLS stack bring to a choice, beside what the peer asked for.
struct SelectionPolicy {
  // pinned is the URI, or the SHA-256 of the certificate in lower-case hex, of the only identity to use;
  // empty: any.
  std::string pinned;
  bool prefer_hardware = true;           // a key in a token before one in a file, where all else is equal
  std::chrono::seconds clock_skew{300};  // how far our clock may be off from the certificates'
  // stack and stack_schemes are the TLS stack's name and what it can put into a CertificateVerify; empty:
  // all.
  std::string stack;
  std::vector<SignatureScheme> stack_schemes;
  // stack_refusal says why the TLS stack, as it is configured, would not present this certificate of a chain:
  // kKeyTooWeak, kSignatureTooWeak or kCurveNotOffered, with a text as of Reason; nothing where it would.
  // Null: it presents all. Called during Select only, in its thread.
  std::function<std::optional<Reason>(const Certificate& certificate, bool leaf)> stack_refusal;
};

// Choice is the outcome of Select. It keeps the set, the request and the policy, and writes reasons only when
// they are read.
class SIGNET_EXPORT Choice {
 public:
  enum class Outcome {
    kChosen,
    kNothingFits,     // no error: the handshake goes on without a certificate
    kPinnedUnusable,  // the pinned identity is not in the set, or fails a cryptographic test
  };

  // Considered is one identity of the set and what became of it.
  struct Considered {
    Identity identity;
    bool chosen = false;
    bool fits = false;                      // it could have been taken
    std::optional<SignatureScheme> scheme;  // with which it would sign; nothing where there is none
    std::vector<Reason> reasons;            // why it was chosen, or why not, in the order of the tests
  };

  Outcome outcome() const noexcept { return outcome_; }
  explicit operator bool() const noexcept { return outcome_ == Outcome::kChosen; }
  // identity is the chosen one, with the chain to send, else null; it lives as long as this object. Of
  // several paths its chain is the one that the peer is the likeliest to accept.
  const Identity* identity() const noexcept { return identity_ ? &*identity_ : nullptr; }
  // scheme is the peer's most wanted one among those that the chosen key can sign with.
  std::optional<SignatureScheme> scheme() const noexcept { return scheme_; }
  // warnings about the chosen identity: the peer may refuse it, or the user should know.
  std::vector<Reason> warnings() const;
  // considered is every identity of the set: the chosen one first, the others that fit in order of rank, then
  // those that do not fit, in the order of the set.
  std::vector<Considered> considered() const;

  const CertificateRequest& request() const noexcept { return request_; }
  const SelectionPolicy& policy() const noexcept { return policy_; }
  TimePoint now() const noexcept { return now_; }

 private:
  friend Choice Select(const CertificateRequest& request, const IdentitySet& identities,
                       const SelectionPolicy& policy, TimePoint now);
  Choice(const CertificateRequest& request, const IdentitySet& identities, const SelectionPolicy& policy,
         TimePoint now);

  std::shared_ptr<const Candidates> candidates_;
  CertificateRequest request_;
  SelectionPolicy policy_;
  TimePoint now_;
  Outcome outcome_ = Outcome::kNothingFits;
  std::shared_ptr<const std::vector<Verdict>> verdicts_;  // one for each identity, in the set's order
  std::size_t chosen_ = 0;
  std::optional<Identity> identity_;
  std::optional<SignatureScheme> scheme_;
};

// Select chooses what to answer `request` with, for a client and, by `request.role` and `request.host`, for a
// server's own certificate. It asks no token, no file, no clock, and for no PIN.
SIGNET_EXPORT Choice Select(const CertificateRequest& request, const IdentitySet& identities,
                            const SelectionPolicy& policy, TimePoint now);

}  // namespace signet

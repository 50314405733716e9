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

inline namespace selection {
class Candidates;
struct Verdict;
}  // namespace selection

// IdentitySet contains the candidates for a selection, examined once at construction. Immutable, cheap to
// copy, usable from any thread.
class SIGNET_EXPORT IdentitySet {
 public:
  IdentitySet() : IdentitySet(std::vector<Identity>{}) {}
  // IdentitySet completes the chains with certificates from `others` where possible.
  explicit IdentitySet(std::vector<Identity> identities, const std::vector<Certificate>& others = {});

  // identities are those of the set, in the order in which they were given, with their completed chains.
  const std::vector<Identity>& identities() const noexcept;
  // empty tells whether there are none.
  bool empty() const noexcept { return identities().empty(); }

 private:
  friend class Choice;
  std::shared_ptr<const Candidates> candidates_;
};

// Reason explains why an identity was selected or rejected, or is a warning about the selected identity.
struct Reason {
  // Code is the kind of reason, for programs.
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
    // Reasons for a probable rejection by the peer; a pinned identity is sent anyway, with the reason as
    // a warning.
    kAuthorities,
    kKeyUsage,
    kExtendedKeyUsage,
    kNetscapeCertType,
    kNotYetValid,
    kExpired,
    kOidFilter,  // TLS 1.3
    // The identity fits.
    kNotPinned,
    kOutranked,
    kPreferred,  // why the chosen one was chosen
    // Warnings only.
    kChainSignature,    // a scheme in the chain is not in the peer's signature_algorithms_cert
    kChainNotYetValid,  // another certificate of the chain
    kChainExpired,
    kIncompleteChain,    // it leads neither to a root nor to an authority that the peer named
    kChainTooLong,       // it was truncated at the maximum length of a path
    kOtherPath,          // there is another path, through another issuer, which was not sent
    kCriticalExtension,  // one that OpenSSL does not know, in the leaf
    kAnyPurposeOnly,     // the leaf's extended key usage has anyExtendedKeyUsage and not the purpose itself
    kHostName,           // a server's own certificate does not name the host that the client asked for
  };
  Code code;         // for programs
  std::string text;  // one sentence without full stop, lower case
};

// SelectionPolicy contains the preferences of the user and the restrictions of the TLS stack.
struct SelectionPolicy {
  // pinned is the URI, or the SHA-256 of the certificate in lower-case hex, of the only identity to use;
  // empty: any.
  std::string pinned;
  bool prefer_hardware = true;           // prefer keys on tokens if all else is equal
  std::chrono::seconds clock_skew{300};  // how far our clock may be off from the certificates'
  // stack and stack_schemes are the name of the TLS stack and the schemes that it supports in a
  // CertificateVerify; empty: all.
  std::string stack;
  std::vector<SignatureScheme> stack_schemes;
  // stack_refusal returns why the configured TLS stack would not send this certificate of a chain, with a
  // text as in Reason: kKeyTooWeak, kSignatureTooWeak or kCurveNotOffered; nothing if it would send it.
  // Null: it sends all certificates. Called only during Select, in its thread.
  std::function<std::optional<Reason>(const Certificate& certificate, bool leaf)> stack_refusal;
};

// Choice is the result of Select. It keeps the set, the request and the policy, and creates the texts of
// reasons on demand.
class SIGNET_EXPORT Choice {
 public:
  // Outcome is the result of a choice.
  enum class Outcome {
    kChosen,
    kNothingFits,     // no error: the handshake continues without a certificate
    kPinnedUnusable,  // the pinned identity is not in the set, or fails a cryptographic test
  };

  // Considered is the result for one identity of the set.
  struct Considered {
    Identity identity;                      // with the chain that would be sent
    bool chosen = false;                    // it is the chosen one
    bool fits = false;                      // it could have been selected
    std::optional<SignatureScheme> scheme;  // that it would sign with; nothing if there is none
    std::vector<Reason> reasons;            // for or against it, in the order of the checks
  };

  // outcome tells whether an identity was chosen, and why not.
  Outcome outcome() const noexcept { return outcome_; }
  // operator bool tells whether an identity was chosen.
  explicit operator bool() const noexcept { return outcome_ == Outcome::kChosen; }
  // identity is the selected identity with the chain to send, or null; it lives as long as this object. If
  // there are several paths, its chain is the path that the peer will most probably accept.
  const Identity* identity() const noexcept { return identity_ ? &*identity_ : nullptr; }
  // scheme is the peer's first scheme that the selected key supports.
  std::optional<SignatureScheme> scheme() const noexcept { return scheme_; }
  // warnings about the chosen identity: the peer may reject it, or the user should know.
  std::vector<Reason> warnings() const;
  // considered is every identity of the set: the chosen one first, the others that fit in order of rank, then
  // those that do not fit, in the order of the set.
  std::vector<Considered> considered() const;

  // request, policy and now are the arguments of Select.
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

// Select selects the identity for `request`, for a client or, with `request.role` and `request.host`, for a
// server's certificate. It accesses no token, no file and no clock, and asks for no PIN.
SIGNET_EXPORT Choice Select(const CertificateRequest& request, const IdentitySet& identities,
                            const SelectionPolicy& policy, TimePoint now);

}  // namespace signet

#include "selection/verdict.h"

#include <algorithm>
#include <tuple>

#include <openssl/x509v3.h>

namespace signet::inline selection {
namespace {

using enum Reason::Code;

void JudgeScheme(const Candidate& row, const PreparedRequest& request, Verdict& verdict) {
  const SchemeBits version = (request.tls13 ? row.tls13 : row.tls12) & request.version_schemes;
  const SchemeBits usable = version & request.stack_schemes & request.peer_schemes;
  for (std::size_t i = 0; i < request.scheme_bits.size(); ++i) {
    if ((usable & request.scheme_bits[i]) == 0) continue;
    verdict.scheme = static_cast<std::uint32_t>(i);
    return;
  }
  if ((row.tls12 | row.tls13) == 0) {
    verdict.failures |= FailureOf(kNoScheme);
  } else if (version == 0) {
    verdict.failures |= FailureOf(kNoSchemeForVersion);
  } else if ((version & request.stack_schemes) == 0) {
    verdict.failures |= FailureOf(kStackLacksScheme);
  } else {
    verdict.failures |= FailureOf(kPeerLacksScheme);
  }
}

constexpr Failures kOfPath = FailureOf(kAuthorities) | FailureOf(kCurveNotOffered) | FailureOf(kKeyTooWeak) |
                             FailureOf(kSignatureTooWeak);

bool IsValid(const Certificate& certificate, const PreparedRequest& request) {
  return certificate.not_before() <= request.not_before_limit &&
         certificate.not_after() >= request.not_after_limit;
}

// IsNewKeysByOld is true for a CA's certificate for its new key that its old key signed.
bool IsNewKeysByOld(const Certificate& certificate) {
  return !certificate.self_signed() &&
         std::ranges::equal(certificate.subject_der(), certificate.issuer_der());
}

// JudgePath judges one path. Where the stack refuses an issuer, the path is cut before it: the peer may have
// that one itself, and only what is sent counts.
Verdict JudgePath(Verdict verdict, std::uint32_t number, const std::vector<Certificate>& path,
                  const PreparedRequest& request, const Refusal& refusal) {
  verdict.path = number;
  verdict.path_length = static_cast<std::uint32_t>(path.size());
  for (std::uint32_t i = 0; refusal && i < path.size(); ++i) {
    // A root is not sent.
    if (i > 0 && path[i].self_signed()) break;
    std::optional<Reason> refused = refusal(path[i], i == 0);
    if (!refused) continue;
    verdict.path_length = std::max<std::uint32_t>(i, 1);
    if (i == 0) verdict.failures |= FailureOf(refused->code);
    verdict.refusal = std::move(refused);
    break;
  }
  if (verdict.path_length > 1) {
    verdict.issuers_valid = std::all_of(path.begin() + 1, path.end(), [&](const Certificate& certificate) {
      return IsValid(certificate, request);
    });
  }
  verdict.leads_to_old_key = std::any_of(path.begin(), path.begin() + verdict.path_length, IsNewKeysByOld);
  if (request.any_authority) return verdict;
  const auto accepted = std::ranges::find_if(
      path, [&](const Certificate& certificate) { return request.AcceptsIssuerOf(certificate); });
  verdict.issuer_depth = static_cast<std::uint32_t>(accepted - path.begin());
  if (accepted == path.end()) {
    verdict.failures |= FailureOf(kAuthorities);
  } else if (verdict.issuer_depth >= verdict.path_length) {
    // The way to the authority leads over the certificate that the stack refuses.
    verdict.failures |= FailureOf(verdict.refusal->code);
  }
  return verdict;
}

// IsBetterPath compares verdicts on the same identity; of equal ones the first goes.
bool IsBetterPath(const Verdict& a, const Verdict& b) {
  const auto rank = [](const Verdict& v) {
    const bool cut = v.refusal.has_value();
    // Where none will do, the one that leads to an authority says what is wrong. Two keys of one CA have one
    // name: what leads to the old one is of use to a peer that has either.
    return std::tuple((v.failures & kOfPath) != 0, (v.failures & FailureOf(kAuthorities)) != 0,
                      !v.issuers_valid, cut, v.issuer_depth, !v.leads_to_old_key);
  };
  return rank(a) < rank(b);
}

void JudgePaths(const Identity& identity, const PreparedRequest& request, const Refusal& refusal,
                Verdict& verdict) {
  const auto& paths = identity.chain().paths();
  Verdict best = JudgePath(verdict, 0, paths[0], request, refusal);
  for (std::uint32_t i = 1; i < paths.size(); ++i) {
    Verdict other = JudgePath(verdict, i, paths[i], request, refusal);
    if (IsBetterPath(other, best)) best = std::move(other);
  }
  verdict = std::move(best);
}

Reason::Code CodeOf(UsageFault fault) {
  constexpr Reason::Code kCodes[] = {kKeyUsage, kExtendedKeyUsage, kNetscapeCertType};
  return kCodes[static_cast<std::size_t>(fault)];
}

void JudgeUsage(const PreparedRequest& request, Verdict& verdict) {
  constexpr const char* kClientAuth = "1.3.6.1.5.5.7.3.2";
  constexpr const char* kServerAuth = "1.3.6.1.5.5.7.3.1";
  const Candidate& row = *verdict.row;
  for (const UsageFault fault : request.client ? row.client_faults : row.server_faults)
    verdict.failures |= FailureOf(CodeOf(fault));
  verdict.names_purpose =
      std::ranges::find(row.purposes, request.client ? kClientAuth : kServerAuth) != row.purposes.end();
}

void JudgeFilters(const PreparedRequest& request, Verdict& verdict) {
  const Candidate& row = *verdict.row;
  bool matches = !request.filter_matches_nobody;
  if (request.filter_wants_usage) {
    matches &= row.key_usage != UINT32_MAX && (row.key_usage & request.filter_usage) == request.filter_usage;
  }
  if (request.filter_wants_purposes) {
    matches &=
        row.has_purposes && std::ranges::all_of(request.filter_purposes, [&](const std::string& wanted) {
          return std::ranges::find(row.purposes, wanted) != row.purposes.end();
        });
  }
  if (!matches) verdict.failures |= FailureOf(kOidFilter);
}

void JudgeHost(const PreparedRequest& request, Verdict& verdict) {
  if (request.host.empty()) return;
  verdict.host = 2;
  for (const std::string& name : verdict.row->hosts) {
    if (name == request.host) verdict.host = 0;
    if (name == request.host_wildcard) verdict.host = std::min<std::uint8_t>(verdict.host, 1);
  }
}

// Before is -1 where `a` is the smaller, for values of which the smaller is better.
template <class T>
int Before(const T& a, const T& b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

const Certificate& LeafOf(const Verdict& verdict, const Candidates& all) {
  return all.identities()[verdict.position].leaf();
}

int ByFingerprint(const Verdict& a, const Verdict& b, const Candidates& candidates) {
  const Identity& first = candidates.identities()[a.position];
  const Identity& second = candidates.identities()[b.position];
  if (const int order = first.leaf().sha256().compare(second.leaf().sha256()); order != 0) return order;
  return first.uri().compare(second.uri());
}

constexpr Contest kRanking[] = {
    {[](const Verdict& a, const Verdict& b, const Candidates&) { return Before(a.host, b.host); },
     "its certificate has a better match for the host name"},
    {[](const Verdict& a, const Verdict& b, const Candidates&) {
       return Before(b.names_purpose, a.names_purpose);
     },
     "its extended key usage contains this purpose"},
    {[](const Verdict& a, const Verdict& b, const Candidates&) {
       return Before(b.issuers_valid, a.issuers_valid);
     },
     "every issuer in its chain is valid now"},
    {[](const Verdict& a, const Verdict& b, const Candidates&) {
       return Before(a.issuer_depth, b.issuer_depth);
     },
     "an authority that the peer accepts is nearer to its leaf"},
    {[](const Verdict& a, const Verdict& b, const Candidates&) { return Before(a.scheme, b.scheme); },
     "the peer prefers its signature scheme"},
    {[](const Verdict& a, const Verdict& b, const Candidates&) { return Before(b.hardware, a.hardware); },
     "its key is on a token"},
    {[](const Verdict& a, const Verdict& b, const Candidates& all) {
       return Before(LeafOf(b, all).not_before(), LeafOf(a, all).not_before());
     },
     "it was issued later"},
    {[](const Verdict& a, const Verdict& b, const Candidates& all) {
       return Before(LeafOf(b, all).not_after(), LeafOf(a, all).not_after());
     },
     "it is valid longer"},
    {[](const Verdict& a, const Verdict& b, const Candidates&) {
       return Before(a.path_length, b.path_length);
     },
     "its chain is shorter"},
    {ByFingerprint, "all else is equal, and its fingerprint is smaller"},
};

}  // namespace

std::span<const Contest> Ranking() noexcept { return kRanking; }

Verdict Judge(const Candidates& candidates, std::uint32_t position, const PreparedRequest& request,
              const Refusal& refusal) {
  const Candidate& row = candidates.rows()[position];
  Verdict verdict;
  verdict.row = &row;
  verdict.position = position;
  verdict.hardware = request.prefer_hardware && row.hardware;
  if (!row.key_matches) verdict.failures |= FailureOf(kKeyCertificateMismatch);
  JudgeScheme(row, request, verdict);
  if (!request.certificate_types.test(row.certificate_type)) verdict.failures |= FailureOf(kCertificateType);
  JudgePaths(candidates.identities()[position], request, refusal, verdict);
  JudgeUsage(request, verdict);
  const Identity& identity = candidates.identities()[position];
  if (identity.leaf().not_before() > request.not_before_limit) verdict.failures |= FailureOf(kNotYetValid);
  if (identity.leaf().not_after() < request.not_after_limit) verdict.failures |= FailureOf(kExpired);
  JudgeFilters(request, verdict);
  JudgeHost(request, verdict);
  return verdict;
}

Identity OnItsPath(const Candidates& candidates, const Verdict& verdict) {
  const Identity& identity = candidates.identities()[verdict.position];
  const auto& path = identity.chain().paths()[verdict.path];
  if (verdict.path_length == path.size() && path == identity.chain().certificates()) return identity;
  return identity.WithChain(identity.chain().WithPath(
      {path.begin(), path.begin() + static_cast<std::ptrdiff_t>(verdict.path_length)}));
}

Failures KeyFailures(const Identity& identity) {
  const auto error = identity.key()->Unavailable();
  if (!error) return 0;
  return FailureOf(error->code() == ErrorCode::kKeyCertificateMismatch ? kKeyCertificateMismatch
                                                                       : kKeyUnavailable);
}

bool Precedes(const Verdict& a, const Verdict& b, const Candidates& candidates) {
  for (const Contest& contest : kRanking) {
    if (const int order = contest.compare(a, b, candidates); order != 0) return order < 0;
  }
  return false;
}

}  // namespace signet::inline selection

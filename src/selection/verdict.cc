#include "selection/verdict.h"

#include <algorithm>

#include <openssl/x509v3.h>

namespace signet {
namespace {

using enum Reason::Code;

void JudgeScheme(const IndexRow& row, const PreparedRequest& request, Verdict& verdict) {
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

void JudgeAuthorities(const IdentityIndex& index, const PreparedRequest& request, Verdict& verdict) {
  if (request.any_authority) return;
  const auto issuers = index.issuers(*verdict.row);
  for (std::uint32_t i = 0; i < issuers.size(); ++i) {
    if (!request.accepted[issuers[i]]) continue;
    verdict.issuer_depth = i;
    return;
  }
  verdict.failures |= FailureOf(kAuthorities);
}

void JudgeUsage(const IdentityIndex& index, const PreparedRequest& request, Verdict& verdict) {
  const IndexRow& row = *verdict.row;
  if ((row.key_usage & KU_DIGITAL_SIGNATURE) == 0) verdict.failures |= FailureOf(kKeyUsage);
  if (!row.has_purposes) return;
  bool any = false;
  for (const std::uint32_t purpose : index.purposes(row)) {
    verdict.names_purpose |= purpose == request.own_purpose;
    any |= purpose == request.any_purpose;
  }
  if (!verdict.names_purpose && !any) verdict.failures |= FailureOf(kExtendedKeyUsage);
}

void JudgeFilters(const IdentityIndex& index, const PreparedRequest& request, Verdict& verdict) {
  const IndexRow& row = *verdict.row;
  bool matches = !request.filter_matches_nobody;
  if (request.filter_wants_usage) {
    matches &= row.key_usage != UINT32_MAX && (row.key_usage & request.filter_usage) == request.filter_usage;
  }
  if (request.filter_wants_purposes) {
    const auto purposes = index.purposes(row);
    matches &= row.has_purposes && std::ranges::all_of(request.filter_purposes, [&](std::uint32_t wanted) {
                 return std::ranges::find(purposes, wanted) != purposes.end();
               });
  }
  if (!matches) verdict.failures |= FailureOf(kOidFilter);
}

void JudgeHost(const IdentityIndex& index, const PreparedRequest& request, Verdict& verdict) {
  if (!request.wants_host) return;
  verdict.host = 2;
  for (const std::uint32_t name : index.hosts(*verdict.row)) {
    if (name == request.host) verdict.host = 0;
    if (name == request.host_wildcard) verdict.host = std::min<std::uint8_t>(verdict.host, 1);
  }
}

// Before is -1 where `a` is the smaller, for values of which the smaller is better.
template <class T>
int Before(const T& a, const T& b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

int ByFingerprint(const Verdict& a, const Verdict& b, const IdentityIndex& index) {
  if (const int order = Before(a.row->fingerprint, b.row->fingerprint); order != 0) return order;
  const Identity& first = index.identities()[a.position];
  const Identity& second = index.identities()[b.position];
  if (const int order = first.leaf().sha256().compare(second.leaf().sha256()); order != 0) return order;
  return first.uri().compare(second.uri());
}

constexpr Contest kRanking[] = {
    {[](const Verdict& a, const Verdict& b, const IdentityIndex&) { return Before(a.host, b.host); },
     "its certificate names the host better"},
    {[](const Verdict& a, const Verdict& b, const IdentityIndex&) {
       return Before(b.names_purpose, a.names_purpose);
     },
     "its extended key usage names this purpose"},
    {[](const Verdict& a, const Verdict& b, const IdentityIndex&) {
       return Before(a.issuer_depth, b.issuer_depth);
     },
     "an authority that the peer accepts is nearer to its leaf"},
    {[](const Verdict& a, const Verdict& b, const IdentityIndex&) { return Before(a.scheme, b.scheme); },
     "the peer prefers its signature scheme"},
    {[](const Verdict& a, const Verdict& b, const IdentityIndex&) { return Before(b.hardware, a.hardware); },
     "its key lives in a token"},
    {[](const Verdict& a, const Verdict& b, const IdentityIndex&) {
       return Before(b.row->not_before, a.row->not_before);
     },
     "it was issued later"},
    {[](const Verdict& a, const Verdict& b, const IdentityIndex&) {
       return Before(b.row->not_after, a.row->not_after);
     },
     "it is valid longer"},
    {[](const Verdict& a, const Verdict& b, const IdentityIndex&) {
       return Before(a.row->issuers.size, b.row->issuers.size);
     },
     "its chain is shorter"},
    {ByFingerprint, "all else is equal and its fingerprint is the smaller"},
};

}  // namespace

std::span<const Contest> Ranking() noexcept { return kRanking; }

Verdict Judge(const IdentityIndex& index, std::uint32_t position, const PreparedRequest& request) {
  const IndexRow& row = index.rows()[position];
  Verdict verdict{.row = &row, .position = position};
  verdict.hardware = request.prefer_hardware && row.hardware;
  if (!row.key_matches) verdict.failures |= FailureOf(kKeyCertificateMismatch);
  JudgeScheme(row, request, verdict);
  if (!request.certificate_types.test(row.certificate_type)) verdict.failures |= FailureOf(kCertificateType);
  JudgeAuthorities(index, request, verdict);
  JudgeUsage(index, request, verdict);
  if (row.not_before > request.not_before_limit) verdict.failures |= FailureOf(kNotYetValid);
  if (row.not_after < request.not_after_limit) verdict.failures |= FailureOf(kExpired);
  JudgeFilters(index, request, verdict);
  JudgeHost(index, request, verdict);
  return verdict;
}

Failures KeyFailures(const Identity& identity) {
  const auto error = identity.key()->Unavailable();
  if (!error) return 0;
  return FailureOf(error->code() == ErrorCode::kKeyCertificateMismatch ? kKeyCertificateMismatch
                                                                       : kKeyUnavailable);
}

bool GoesBefore(const Verdict& a, const Verdict& b, const IdentityIndex& index) {
  for (const Contest& contest : kRanking) {
    if (const int order = contest.compare(a, b, index); order != 0) return order < 0;
  }
  return false;
}

}  // namespace signet

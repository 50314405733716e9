#include "selection/reasons.h"

#include "base/openssl_error.h"
#include "base/openssl_ptr.h"
#include "identity/certificate_usage.h"
#include "identity/hashes.h"
#include "identity/name_text.h"
#include "identity/signature_schemes.h"

#include <algorithm>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace signet::inline selection {
namespace {

using Code = Reason::Code;

std::string Date(TimePoint time) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

bool ForClient(const Situation& s) { return s.request.role == CertificateRequest::Role::kClient; }
// Peer is the requesting side.
const char* Peer(const Situation& s) { return ForClient(s) ? "server" : "client"; }

std::string Names(const std::vector<SignatureScheme>& schemes) {
  std::string names;
  for (const SignatureScheme scheme : schemes) {
    if (FindRow(scheme) != nullptr) names += fmt::format("{}{}", names.empty() ? "" : ", ", Name(scheme));
  }
  return names.empty() ? "none that is known" : names;
}

std::string Names(SchemeBits bits) {
  std::vector<SignatureScheme> schemes;
  for (const SchemeRow& row : SignatureSchemes()) {
    if ((bits & BitOf(row.scheme)) != 0) schemes.push_back(row.scheme);
  }
  return Names(schemes);
}

// Authorities names the first few.
std::string Authorities(const CertificateRequest& request) {
  constexpr std::size_t kShown = 3;
  std::string names;
  for (std::size_t i = 0; i < std::min(kShown, request.authorities.size()); ++i) {
    names += fmt::format("{}\"{}\"", i == 0 ? "" : ", ", NameText(request.authorities[i]));
  }
  if (request.authorities.size() > kShown) {
    names += fmt::format(" and {} more", request.authorities.size() - kShown);
  }
  return names;
}

std::string Issuers(const Identity& identity) {
  std::string names;
  for (const Certificate& certificate : identity.chain().certificates()) {
    names += fmt::format("{}\"{}\"", names.empty() ? "" : ", certified by ", certificate.issuer());
  }
  return names;
}

SchemeBits OfVersion(const Verdict& v, const Situation& s) {
  return s.prepared.tls13 ? v.row->tls13 : v.row->tls12;
}

using Write = std::string (*)(const Identity&, const Verdict&, const Situation&);

std::string Mismatch(const Identity& identity, const Verdict&, const Situation&) {
  return fmt::format("the private key does not belong to the certificate of {}", identity.subject());
}

std::string KeyUnavailable(const Identity& identity, const Verdict&, const Situation&) {
  const auto error = identity.key()->Unavailable();
  return fmt::format("its key is not accessible: {}",
                     error ? error->detail() : "it was not accessible during the selection");
}

std::string NoScheme(const Identity& identity, const Verdict&, const Situation&) {
  return fmt::format("TLS has no signature scheme for its key, {}, with the mechanisms of the token",
                     Description(*identity.key()));
}

std::string NoSchemeForVersion(const Identity& identity, const Verdict& v, const Situation& s) {
  const KeyType type = identity.key()->type();
  if (s.prepared.tls13 && type == KeyType::kRsa) {
    return fmt::format(
        "TLS 1.3 allows only RSA-PSS for RSA signatures, which its key, {}{}, does not support",
        Description(*identity.key()), v.row->hardware ? " in a token" : "");
  }
  if (s.prepared.tls13 && type == KeyType::kEc) {
    return fmt::format("its key, {}, has a curve for which Signet has no signature scheme of TLS 1.3",
                       Description(*identity.key()));
  }
  return fmt::format("{} has no signature scheme for its key, {}", s.prepared.tls13 ? "TLS 1.3" : "TLS 1.2",
                     Description(*identity.key()));
}

std::string StackLacksScheme(const Identity& identity, const Verdict&, const Situation& s) {
  return fmt::format("{} cannot use its key, {}, in {}",
                     s.policy.stack.empty() ? "the TLS stack" : s.policy.stack, Description(*identity.key()),
                     s.prepared.tls13 ? "TLS 1.3" : "TLS 1.2");
}

std::string PeerLacksScheme(const Identity& identity, const Verdict& v, const Situation& s) {
  return fmt::format(
      "the {} accepts none of the signature schemes of its key, {}: it accepts {}; the key has {}", Peer(s),
      Description(*identity.key()), Names(s.request.schemes),
      Names(OfVersion(v, s) & s.prepared.stack_schemes));
}

std::string CertificateTypes(const Identity& identity, const Verdict& v, const Situation& s) {
  return fmt::format("the {}'s certificate types do not contain {}, the type for its key, {}", Peer(s),
                     v.row->certificate_type == 1 ? "rsa_sign" : "ecdsa_sign", Description(*identity.key()));
}

std::string NoAuthority(const Identity& identity, const Verdict&, const Situation& s) {
  return fmt::format("the {} accepts only certificates from {}; this one is from {}", Peer(s),
                     Authorities(s.request), Issuers(identity));
}

template <UsageFault kFault>
std::string Usage(const Identity&, const Verdict&, const Situation& s) {
  return Text(kFault, ForClient(s) ? Purpose::kClientAuth : Purpose::kServerAuth);
}

std::string StackRefusal(const Identity&, const Verdict& v, const Situation&) { return v.refusal->text; }

std::string NotYetValid(const Identity& identity, const Verdict&, const Situation& s) {
  return fmt::format("the certificate is not valid before {}; this computer's clock says {}",
                     Date(identity.leaf().not_before()), Date(s.now));
}

std::string Expired(const Identity& identity, const Verdict&, const Situation& s) {
  return fmt::format("the certificate expired on {}; this computer's clock says {}",
                     Date(identity.leaf().not_after()), Date(s.now));
}

std::string OidFilters(const Identity&, const Verdict&, const Situation& s) {
  std::string oids;
  for (const auto& filter : s.request.oid_filters) {
    if (filter.oid == kKeyUsageOid) oids += oids.empty() ? "key usage" : " and key usage";
    if (filter.oid == kExtendedKeyUsageOid)
      oids += oids.empty() ? "extended key usage" : " and extended key usage";
  }
  return fmt::format("the certificate does not match the {}'s filter on {} (oid_filters)", Peer(s), oids);
}

struct FailureRow {
  Code code;
  Write write;
};

// In the order of the tests.
constexpr FailureRow kFailures[] = {
    {Code::kKeyCertificateMismatch, Mismatch},
    {Code::kKeyUnavailable, KeyUnavailable},
    {Code::kNoScheme, NoScheme},
    {Code::kNoSchemeForVersion, NoSchemeForVersion},
    {Code::kStackLacksScheme, StackLacksScheme},
    {Code::kPeerLacksScheme, PeerLacksScheme},
    {Code::kCertificateType, CertificateTypes},
    {Code::kCurveNotOffered, StackRefusal},
    {Code::kKeyTooWeak, StackRefusal},
    {Code::kSignatureTooWeak, StackRefusal},
    {Code::kAuthorities, NoAuthority},
    {Code::kKeyUsage, Usage<UsageFault::kKeyUsage>},
    {Code::kExtendedKeyUsage, Usage<UsageFault::kExtendedKeyUsage>},
    {Code::kNetscapeCertType, Usage<UsageFault::kNetscapeCertType>},
    {Code::kNotYetValid, NotYetValid},
    {Code::kExpired, Expired},
    {Code::kOidFilter, OidFilters},
};

// SchemesOfSignature are the schemes under which a peer may know the signature on `certificate`.
SchemeBits SchemesOfSignature(const Certificate& certificate) {
  int digest = NID_undef;
  int key = NID_undef;
  if (X509_get_signature_info(certificate.native(), &digest, &key, nullptr, nullptr) != 1)
    return ~SchemeBits{0};
  SchemeBits bits = 0;
  for (const SchemeRow& row : SignatureSchemes()) {
    using Kind = SigningAlgorithm::Kind;
    const Kind kind = row.algorithm.kind;
    const bool same_key = (key == NID_rsaEncryption && kind == Kind::kRsaPkcs1) ||
                          (key == NID_rsassaPss && kind == Kind::kRsaPss) ||
                          (key == NID_X9_62_id_ecPublicKey && kind == Kind::kEcdsa) ||
                          (key == NID_ED25519 && row.scheme == SignatureScheme::kEd25519) ||
                          (key == NID_ED448 && row.scheme == SignatureScheme::kEd448);
    if (!same_key) continue;
    const bool hashed = row.algorithm.hash != Hash::kNone;
    if (!hashed || EVP_MD_get_type(MessageDigest(row.algorithm.hash)) == digest) bits |= BitOf(row.scheme);
  }
  // An algorithm without a row, such as one newer than this OpenSSL, is not checked.
  return bits != 0 ? bits : ~SchemeBits{0};
}

// WarnOfLeaf says what peers by OpenSSL refuse and others take.
void WarnOfLeaf(const Identity& identity, const Situation& s, std::vector<Reason>& warnings) {
  const Purpose purpose = ForClient(s) ? Purpose::kClientAuth : Purpose::kServerAuth;
  if (HasUnknownCriticalExtension(identity.leaf())) {
    warnings.push_back({Code::kCriticalExtension,
                        fmt::format("its certificate has a critical extension that OpenSSL does not know; a "
                                    "{} that does not know it either must reject the certificate",
                                    Peer(s))});
  }
  if (NamesAnyPurposeOnly(identity.leaf(), purpose)) {
    warnings.push_back(
        {Code::kAnyPurposeOnly,
         fmt::format(
             "its extended key usage has anyExtendedKeyUsage without {}; {}s that use OpenSSL reject this",
             ForClient(s) ? "clientAuth" : "serverAuth", Peer(s))});
  }
}

void WarnOfChainSignatures(const Identity& identity, const Situation& s, std::vector<Reason>& warnings) {
  const auto& accepted =
      s.request.certificate_schemes.empty() ? s.request.schemes : s.request.certificate_schemes;
  if (accepted.empty()) return;
  SchemeBits bits = 0;
  for (const SignatureScheme scheme : accepted) bits |= BitOf(scheme);
  for (const Certificate& certificate : identity.chain().certificates()) {
    // Nobody checks the signature of a root.
    if (certificate.self_signed() || (SchemesOfSignature(certificate) & bits) != 0) continue;
    warnings.push_back(
        {Code::kChainSignature,
         fmt::format("the signature on the certificate of {} has an algorithm that the {} does not list: {}",
                     certificate.subject(), Peer(s), Names(SchemesOfSignature(certificate)))});
  }
}

void WarnOfChainDates(const Identity& identity, const Situation& s, std::vector<Reason>& warnings) {
  const auto& certificates = identity.chain().certificates();
  for (auto it = certificates.begin() + 1; it != certificates.end(); ++it) {
    if (s.now + s.policy.clock_skew < it->not_before()) {
      warnings.push_back(
          {Code::kChainNotYetValid, fmt::format("the certificate of its issuer {} is not valid before {}",
                                                it->subject(), Date(it->not_before()))});
    }
    if (s.now - s.policy.clock_skew > it->not_after()) {
      warnings.push_back({Code::kChainExpired, fmt::format("the certificate of its issuer {} expired on {}",
                                                           it->subject(), Date(it->not_after()))});
    }
  }
}

// IncompleteChain says where a chain stops that leads to no authority of the peer's.
Reason IncompleteChain(const Identity& identity) {
  if (identity.chain().cut()) {
    return {Code::kChainTooLong,
            fmt::format("its chain has more than the maximum of {} certificates and was truncated at {}",
                        identity.chain().certificates().size(),
                        identity.chain().certificates().back().subject())};
  }
  return {Code::kIncompleteChain, fmt::format("its chain ends at {}: the certificate of the issuer {} is "
                                              "missing and may lead to an accepted authority",
                                              identity.chain().certificates().back().subject(),
                                              identity.chain().certificates().back().issuer())};
}

// WarnOfOtherPaths names the first path that is not the one that was sent, ends elsewhere and is valid now.
void WarnOfOtherPaths(const Identity& sent, const Verdict& v, const Situation& s,
                      std::vector<Reason>& warnings) {
  const auto& end = sent.chain().certificates().back();
  const auto& paths = s.candidates.identities()[v.position].chain().paths();
  for (std::uint32_t i = 0; i < paths.size(); ++i) {
    const Certificate& other = paths[i].back();
    const bool valid = std::ranges::all_of(paths[i], [&](const Certificate& certificate) {
      return certificate.not_before() <= s.prepared.not_before_limit &&
             certificate.not_after() >= s.prepared.not_after_limit;
    });
    if (i == v.path || !valid || std::ranges::equal(other.issuer_der(), end.issuer_der())) continue;
    warnings.push_back(
        {Code::kOtherPath,
         fmt::format("its chain leads to {}; another chain, which leads to {}, is available and was not sent",
                     end.issuer(), other.issuer())});
    return;
  }
}

}  // namespace

std::vector<Reason> ReasonsFor(const Verdict& verdict, const Situation& situation) {
  const Identity identity = OnItsPath(situation.candidates, verdict);
  std::vector<Reason> reasons;
  for (const FailureRow& row : kFailures) {
    if ((verdict.failures & FailureOf(row.code)) == 0) continue;
    reasons.push_back({row.code, row.write(identity, verdict, situation)});
    if (row.code == Code::kAuthorities && !identity.chain().certificates().back().self_signed()) {
      reasons.push_back(IncompleteChain(identity));
    }
  }
  return reasons;
}

std::vector<Reason> ChainWarnings(const Verdict& verdict, const Situation& situation) {
  const Identity identity = OnItsPath(situation.candidates, verdict);
  std::vector<Reason> warnings;
  WarnOfLeaf(identity, situation, warnings);
  WarnOfChainSignatures(identity, situation, warnings);
  WarnOfChainDates(identity, situation, warnings);
  WarnOfOtherPaths(identity, verdict, situation, warnings);
  if (verdict.host == 2) {
    warnings.push_back(
        {Code::kHostName, fmt::format("the certificate does not name {}", situation.request.host)});
  }
  return warnings;
}

std::string_view WhyBefore(const Verdict& winner, const Verdict& loser, const Candidates& candidates) {
  for (const Contest& contest : Ranking()) {
    if (contest.compare(winner, loser, candidates) < 0) return contest.why;
  }
  return "both present the same certificate, and it was listed first";
}

}  // namespace signet::inline selection

#include "tool/remarks.h"

#include "handshake/messages.h"
#include "identity/certificate_usage.h"
#include "tool/doctor_checks.h"

#include <algorithm>

namespace signet::tool {
namespace {

using Code = Reason::Code;

// Refused is what OpenSSL refuses at its default security level.
std::optional<Reason> Refused(const Certificate& certificate) {
  const auto weakness = WeaknessOf(certificate);
  if (!weakness) return std::nullopt;
  return Reason{weakness->of == Weakness::Of::kKey ? Code::kKeyTooWeak : Code::kSignatureTooWeak,
                weakness->text};
}

std::optional<Reason> RefusedLeaf(const Certificate& certificate, bool leaf) {
  return leaf ? Refused(certificate) : std::nullopt;
}

// Chosen answers a server that takes anything, to the second by our clock.
Choice Chosen(const Identity& identity, std::uint16_t version, const std::string& pinned, TimePoint now,
              decltype(SelectionPolicy::stack_refusal) refusal = nullptr) {
  return Select({.protocol_version = version}, IdentitySet({identity}),
                {.pinned = pinned, .clock_skew = std::chrono::seconds(0), .stack_refusal = refusal}, now);
}

bool LacksScheme(const Choice& choice) {
  const auto considered = choice.considered();
  return std::ranges::any_of(considered.front().reasons,
                             [](const Reason& reason) { return reason.code == Code::kNoSchemeForVersion; });
}

}  // namespace

Remarks RemarksOn(const Identity& identity, TimePoint now) {
  Remarks remarks;
  const Choice in13 = Chosen(identity, kTls13, {}, now, RefusedLeaf);
  const bool only12 = LacksScheme(in13) && !LacksScheme(Chosen(identity, kTls12, {}, now));
  const auto considered = in13.considered();
  for (const Reason& reason : considered.front().reasons) {
    if (reason.code == Code::kPreferred) continue;
    (only12 && reason.code == Code::kNoSchemeForVersion ? remarks.notes : remarks.unfit)
        .push_back(Explain(reason));
  }
  for (const Reason& reason : Suspicions(Chosen(identity, only12 ? kTls12 : kTls13, identity.uri(), now))) {
    // Problems of the leaf were reported before, and several available paths are not a problem.
    if (reason.code <= Code::kPreferred || reason.code == Code::kOtherPath) continue;
    const bool usual =
        reason.code == Code::kIncompleteChain && identity.source() == Identity::Source::kPkcs11;
    (usual ? remarks.asides : remarks.notes).push_back(Explain(reason));
  }
  for (const Certificate& certificate : identity.chain().certificates()) {
    // A root is not sent.
    if (certificate == identity.leaf() || certificate.self_signed()) continue;
    if (auto reason = Refused(certificate)) remarks.notes.push_back(Explain(*reason));
  }
  for (const Finding& finding : CheckPkcs12File(Pkcs12PathOf(identity.uri()))) {
    remarks.notes.push_back({finding.detail, finding.hint});
  }
  return remarks;
}

}  // namespace signet::tool

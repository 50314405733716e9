#include "diagnosis/explanation.h"
#include "tool/doctor_checks.h"
#include "tool/output.h"
#include "tool/remarks.h"
#include "tool/typed_uri.h"

#include <chrono>

#include <fmt/format.h>

namespace signet::tool {
namespace {

constexpr std::chrono::days kSoon{30};

// CheckDates says which certificate of a chain has expired, is about to, or is not valid yet.
void CheckDates(const Identity& identity, const std::string& what, TimePoint now, Findings& findings) {
  for (const Certificate& certificate : identity.chain().certificates()) {
    const bool leaf = certificate == identity.leaf();
    const std::string whose =
        leaf ? "the certificate" : fmt::format("the certificate of its issuer {}", certificate.subject());
    const auto add = [&](Verdict verdict, std::string_view state, TimePoint when, const char* hint) {
      findings.push_back({verdict, what, fmt::format("{} {} {}", whose, state, Iso8601(when)), hint});
    };
    if (now < certificate.not_before()) {
      add(Verdict::kBad, "is not valid before", certificate.not_before(),
          "Set this computer's clock, or wait.");
    } else if (now > certificate.not_after()) {
      add(Verdict::kBad, "expired on", certificate.not_after(),
          "Renew it; if it should not have expired, set the clock.");
    } else if (now + kSoon > certificate.not_after()) {
      add(Verdict::kNote, "expires soon, on", certificate.not_after(), "Renew it in time.");
    }
  }
}

void CheckIdentity(const Identity& identity, TimePoint now, Findings& findings) {
  const std::string what = fmt::format("identity {}", identity.uri());
  const std::size_t before = findings.size();
  CheckDates(identity, what, now, findings);
  // Dates were told above.
  const bool in_time = now >= identity.leaf().not_before() && now <= identity.leaf().not_after();
  if (in_time) {
    for (const Explanation& why : RemarksOn(identity, now).unfit) {
      findings.push_back(
          {Verdict::kNote, what, fmt::format("not for client authentication: {}", why.cause), why.hint});
    }
  }
  if (findings.size() == before) {
    findings.push_back(
        {Verdict::kOk, what,
         fmt::format("{}, valid until {}", identity.subject(), Iso8601(identity.leaf().not_after()))});
  }
}

// IsFault tells whether a problem is one for an object that was not requested: a certificate of a CA on a
// token is not an identity.
bool IsFault(ErrorCode code, bool named) {
  static constexpr ErrorCode kUsual[] = {ErrorCode::kCertificateOnly, ErrorCode::kKeyOnly,
                                         ErrorCode::kNoSigningKey, ErrorCode::kPinNeeded,
                                         ErrorCode::kUnsupported};
  return named || std::ranges::find(kUsual, code) == std::end(kUsual);
}

}  // namespace

Findings CheckIdentities(const IdentitySource& source, const std::string& uri, bool named, TimePoint now) {
  Findings findings;
  Listing listing;
  try {
    listing = ListTyped(source, uri);
  } catch (const Error& error) {
    listing.problems.push_back({WithoutPin(uri), error});
  }
  for (const Identity& identity : listing.identities) CheckIdentity(identity, now, findings);
  for (const Problem& problem : listing.problems) {
    // Modules and tokens were told about before.
    if (!named && problem.error.code() == ErrorCode::kNotFound) continue;
    const Explanation why = Explain(problem.error);
    const bool fault = IsFault(problem.error.code(), named);
    findings.push_back({fault ? Verdict::kBad : Verdict::kNote,
                        fmt::format("{} {}", Name(problem.error.code()), problem.uri), why.cause, why.hint});
  }
  if (named && findings.empty()) {
    findings.push_back({Verdict::kBad, fmt::format("identity {}", WithoutPin(uri)), "there is no identity",
                        "Run `signet list` to see the available identities."});
  }
  return findings;
}

}  // namespace signet::tool

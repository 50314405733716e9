#include "tool/console.h"
#include "tool/output.h"
#include "tool/remarks.h"
#include "tool/typed_uri.h"
#include "tool/verbs.h"

#include <cstdio>

#include <fmt/format.h>

namespace signet::tool {
namespace {

struct ListOptions {
  std::vector<std::string> uris;
};

// Append adds the matches of `uri`; an invalid URI is another problem and does not end the listing.
void Append(Listing& all, const IdentitySource& source, const std::string& uri) {
  try {
    Listing found = ListTyped(source, uri);
    std::ranges::move(found.identities, std::back_inserter(all.identities));
    std::ranges::move(found.problems, std::back_inserter(all.problems));
  } catch (const Error& error) {
    all.problems.push_back({error.uri().empty() ? WithoutPin(uri) : error.uri(), error});
  }
}

void PrintIdentity(const Console& out, const Identity& identity, TimePoint now) {
  const ClientAuthFitness fitness = identity.FitForClientAuth(now);
  const std::string label = LabelOf(identity);
  out.Row({}, identity.uri());
  if (!label.empty()) out.Row("  label    ", label);
  out.Row("  subject  ", identity.subject());
  if (!identity.user_name().empty()) out.Row("  user     ", identity.user_name());
  out.Row("  key      ", Description(*identity.key()) + (identity.key()->locked() ? ", not logged in" : ""));
  out.Row("  valid    ", fmt::format("{} to {}", Iso8601(identity.leaf().not_before()),
                                     Iso8601(identity.leaf().not_after())));
  const Remarks remarks = RemarksOn(identity, now);
  if (fitness.fit) out.Row("  client   ", "fit", Colour::kGood);
  for (const Explanation& why : remarks.unfit)
    out.Row("  client   ", fmt::format("unfit: {}. {}", why.cause, why.hint), Colour::kBad);
  for (const Explanation& note : remarks.notes)
    out.Row("  note     ", fmt::format("{}. {}", note.cause, note.hint), Colour::kNote);
}

Listing Find(const CommonOptions& common, const ListOptions& options) {
  Listing all;
  try {
    const IdentitySource source = common.OpenSource();
    for (const std::string& uri : options.uris) Append(all, source, uri);
  } catch (const Error& error) {
    all.problems.push_back({error.uri(), error});
  }
  return all;
}

// StatusOfListing gives the exit status: with no identity at all it did not work, or the URI was typed
// wrongly.
int StatusOfListing(const Listing& all) {
  if (!all.identities.empty()) return kDone;
  return all.problems.empty() ? kFailed : StatusOf(all.problems.front().error);
}

int List(const CommonOptions& common, const ListOptions& options) {
  const Listing all = Find(common, options);
  const TimePoint now = std::chrono::system_clock::now();
  if (common.json) {
    PrintJson(ListingJson(all, now));
  } else {
    const Console out(stdout);
    for (const Identity& identity : all.identities) PrintIdentity(out, identity, now);
  }
  std::fflush(stdout);
  for (const Problem& problem : all.problems) PrintError(problem.error.WithUri(problem.uri));
  if (all.identities.empty() && all.problems.empty()) {
    PrintError(Error(
        {.code = ErrorCode::kNotFound,
         .detail = "there is no identity",
         .hint = "Insert the token, name its module with --module, or name a file: signet list FILE."}));
  }
  return StatusOfListing(all);
}

}  // namespace

void AddListVerb(CLI::App& app, CommonOptions& common) {
  auto options = std::make_shared<ListOptions>();
  options->uris = {"pkcs11:"};
  CLI::App* verb = app.add_subcommand("list", "List identities, and problems with others");
  AddUris(*verb, options->uris,
          "pkcs11:... or a PKCS#12 file (default: every token); exit status 1 if there is no identity");
  verb->footer(
      "signet list\n"
      "signet list alice.p12\n"
      "signet list --pin-source file:pin 'pkcs11:token=demo'");
  verb->callback([&common, options] { common.verb = [&common, options] { return List(common, *options); }; });
}

}  // namespace signet::tool

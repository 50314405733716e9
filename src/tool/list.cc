#include "tool/output.h"
#include "tool/printable.h"
#include "tool/remarks.h"
#include "tool/verbs.h"

#include <cstdio>

#include <fmt/format.h>

namespace signet::tool {
namespace {

struct ListOptions {
  std::vector<std::string> uris;
};

// Append adds what `uri` stands for; a URI that cannot be read is one more problem, not the end.
void Append(Listing& all, const IdentitySource& source, const std::string& uri) {
  try {
    Listing found = source.List(uri);
    std::ranges::move(found.identities, std::back_inserter(all.identities));
    std::ranges::move(found.problems, std::back_inserter(all.problems));
  } catch (const Error& error) {
    all.problems.push_back({error.uri().empty() ? WithoutPin(uri) : error.uri(), error});
  }
}

void PrintIdentity(const Identity& identity, TimePoint now) {
  const ClientAuthFitness fitness = identity.FitForClientAuth(now);
  fmt::print("{}\n", identity.uri());
  fmt::print("  subject  {}\n", identity.subject());
  if (!identity.user_name().empty()) fmt::print("  user     {}\n", Printable(identity.user_name()));
  fmt::print("  key      {}{}\n", Description(*identity.key()), identity.key()->locked() ? ", locked" : "");
  fmt::print("  valid    {} to {}\n", Iso8601(identity.leaf().not_before()),
             Iso8601(identity.leaf().not_after()));
  const Remarks remarks = RemarksOn(identity, now);
  if (fitness.fit) fmt::print("  client   fit\n");
  for (const Explanation& why : remarks.unfit) fmt::print("  client   unfit: {}. {}\n", why.cause, why.mend);
  for (const Explanation& note : remarks.notes) fmt::print("  note     {}. {}\n", note.cause, note.mend);
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

int List(const CommonOptions& common, const ListOptions& options) {
  const Listing all = Find(common, options);
  const TimePoint now = std::chrono::system_clock::now();
  if (common.json) {
    PrintJson(ListingJson(all, now));
  } else {
    for (const Identity& identity : all.identities) PrintIdentity(identity, now);
  }
  for (const Problem& problem : all.problems) PrintError(problem.error.WithUri(problem.uri));
  if (!all.identities.empty()) return kDone;
  if (all.problems.empty()) {
    PrintError(
        Error({.code = ErrorCode::kNotFound,
               .detail = "no identity is there",
               .mend = "Insert the token, name its module with --module, or name a file with pkcs12:PATH."}));
  }
  return kFailed;
}

}  // namespace

void AddListVerb(CLI::App& app, CommonOptions& common) {
  auto options = std::make_shared<ListOptions>();
  options->uris = {"pkcs11:"};
  CLI::App* verb = app.add_subcommand("list", "List identities, and what keeps others from being one");
  verb->add_option("URI", options->uris, "pkcs11:... or pkcs12:PATH (default: every token)")->type_name("");
  verb->callback([&common, options] { common.verb = [&common, options] { return List(common, *options); }; });
}

}  // namespace signet::tool

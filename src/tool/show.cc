#include "tool/output.h"
#include "tool/printable.h"
#include "tool/remarks.h"
#include "tool/verbs.h"

#include <cstdio>

#include <fmt/format.h>

namespace signet::tool {
namespace {

struct ShowOptions {
  std::string uri;
  bool pem = false;
};

void PrintCertificate(const Certificate& certificate, std::size_t depth, bool pem) {
  fmt::print("certificate {}\n", depth);
  fmt::print("  subject  {}\n", certificate.subject());
  fmt::print("  issuer   {}\n", certificate.issuer());
  fmt::print("  valid    {} to {}\n", Iso8601(certificate.not_before()), Iso8601(certificate.not_after()));
  fmt::print("  sha256   {}\n", certificate.sha256());
  if (pem) fmt::print("{}", certificate.ToPem());
}

void PrintIdentity(const Identity& identity, const ShowOptions& options, TimePoint now) {
  fmt::print("uri        {}\n", identity.uri());
  fmt::print("source     {}\n", Name(identity.source()));
  if (!identity.user_name().empty()) fmt::print("user       {}\n", Printable(identity.user_name()));
  fmt::print("key        {}{}\n", Description(*identity.key()), identity.key()->locked() ? ", locked" : "");
  fmt::print("signs with");
  for (const SignatureScheme scheme : identity.key()->schemes()) fmt::print(" {}", Name(scheme));
  const ClientAuthFitness fitness = identity.FitForClientAuth(now);
  fmt::print("\nclient     {}\n", fitness.fit ? "fit" : "unfit");
  const Remarks remarks = RemarksOn(identity, now);
  for (const Explanation& why : remarks.unfit) fmt::print("           {}. {}\n", why.cause, why.mend);
  for (const Explanation& note : remarks.notes) fmt::print("note       {}. {}\n", note.cause, note.mend);
  std::size_t depth = 0;
  for (const Certificate& certificate : identity.chain().certificates()) {
    PrintCertificate(certificate, depth++, options.pem);
  }
}

int Show(const CommonOptions& common, const ShowOptions& options) {
  const TimePoint now = std::chrono::system_clock::now();
  try {
    const IdentitySource source = common.OpenSource();
    const Identity identity = source.Open(options.uri);
    if (common.json) {
      PrintJson(ListingJson({.identities = {identity}, .problems = {}}, now));
    } else {
      PrintIdentity(identity, options, now);
    }
    return kDone;
  } catch (const Error& error) {
    const std::string uri = error.uri().empty() ? WithoutPin(options.uri) : error.uri();
    if (common.json) PrintJson(ListingJson({.identities = {}, .problems = {{uri, error}}}, now));
    throw error.WithUri(uri);
  }
}

}  // namespace

void AddShowVerb(CLI::App& app, CommonOptions& common) {
  auto options = std::make_shared<ShowOptions>();
  CLI::App* verb = app.add_subcommand("show", "Show one identity in full, chain included");
  verb->add_option("URI", options->uri, "pkcs11:... or pkcs12:PATH")->type_name("")->required();
  verb->add_flag("--pem", options->pem, "Print each certificate in PEM too");
  verb->callback([&common, options] { common.verb = [&common, options] { return Show(common, *options); }; });
}

}  // namespace signet::tool

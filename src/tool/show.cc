#include "tool/console.h"
#include "tool/output.h"
#include "tool/remarks.h"
#include "tool/typed_uri.h"
#include "tool/verbs.h"

#include <cstdio>

#include <fmt/format.h>

namespace signet::tool {
namespace {

struct ShowOptions {
  std::string uri;
  bool pem = false;
};

void PrintCertificate(const Console& out, const Certificate& certificate, std::size_t depth, bool pem) {
  out.Line(fmt::format("certificate {}", depth));
  out.Row("  subject  ", certificate.subject());
  out.Row("  issuer   ", certificate.issuer());
  out.Row("  valid    ",
          fmt::format("{} to {}", Iso8601(certificate.not_before()), Iso8601(certificate.not_after())));
  out.Row("  sha256   ", certificate.sha256());
  if (pem) out.Raw(certificate.ToPem());
}

std::string SchemesOf(const PrivateKey& key) {
  std::string names;
  for (const SignatureScheme scheme : key.schemes())
    names += fmt::format("{}{}", names.empty() ? "" : " ", Name(scheme));
  return names;
}

void PrintIdentity(const Identity& identity, const ShowOptions& options, TimePoint now) {
  const Console out(stdout);
  const std::string label = LabelOf(identity);
  out.Row("uri        ", identity.uri());
  out.Row("source     ", Name(identity.source()));
  if (!label.empty()) out.Row("label      ", label);
  if (!identity.user_name().empty()) out.Row("user       ", identity.user_name());
  out.Row("key        ", Description(*identity.key()) + (identity.key()->locked() ? ", not logged in" : ""));
  out.Row("signs with ", SchemesOf(*identity.key()));
  const bool fit = identity.FitForClientAuth(now).fit;
  out.Row("client     ", fit ? "fit" : "unfit", fit ? Colour::kGood : Colour::kBad);
  const Remarks remarks = RemarksOn(identity, now);
  for (const Explanation& why : remarks.unfit)
    out.Row("           ", fmt::format("{}. {}", why.cause, why.hint));
  for (const Explanation& note : remarks.notes)
    out.Row("note       ", fmt::format("{}. {}", note.cause, note.hint), Colour::kNote);
  for (const Explanation& aside : remarks.asides)
    out.Row("aside      ", fmt::format("{}. {}", aside.cause, aside.hint));
  std::size_t depth = 0;
  for (const Certificate& certificate : identity.chain().certificates()) {
    PrintCertificate(out, certificate, depth++, options.pem);
  }
}

int Show(const CommonOptions& common, const ShowOptions& options) {
  try {
    const TimePoint now = std::chrono::system_clock::now();
    const IdentitySource source = common.OpenSource();
    const Identity identity = OpenTyped(source, options.uri);
    if (common.json) {
      PrintJson(ListingJson({.identities = {identity}, .problems = {}}, now));
    } else {
      PrintIdentity(identity, options, now);
    }
    return kDone;
  } catch (const Error& error) {
    throw error.WithUri(error.uri().empty() ? WithoutPin(options.uri) : error.uri());
  }
}

}  // namespace

void AddShowVerb(CLI::App& app, CommonOptions& common) {
  auto options = std::make_shared<ShowOptions>();
  CLI::App* verb = app.add_subcommand("show", "Show one identity and its chain in detail");
  AddUri(*verb, options->uri, "pkcs11:... or a PKCS#12 file")->required();
  verb->footer(
      "signet show alice.p12\n"
      "signet show 'pkcs11:token=demo;object=bob' --pem");
  verb->add_flag("--pem", options->pem, "Also print each certificate in PEM");
  verb->callback([&common, options] { common.verb = [&common, options] { return Show(common, *options); }; });
}

}  // namespace signet::tool

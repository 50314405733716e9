#include "diagnosis/explanation.h"
#include "tool/console.h"
#include "tool/doctor_checks.h"
#include "tool/output.h"
#include "tool/verbs.h"

#include <cstdio>
#include <iterator>
#include <optional>

#include <fmt/format.h>
#include <unistd.h>

namespace signet::tool {
namespace {

struct DoctorOptions {
  std::vector<std::string> uris;
  std::vector<std::string> pem_files;
  std::optional<std::string> symptom;
};

const char* Shown(Verdict verdict) {
  static constexpr const char* kShown[] = {"ok", "note", "bad"};
  return kShown[static_cast<std::size_t>(verdict)];
}

Colour ColourOf(Verdict verdict) {
  static constexpr Colour kColours[] = {Colour::kGood, Colour::kNote, Colour::kBad};
  return kColours[static_cast<std::size_t>(verdict)];
}

void Append(Findings& all, Findings more) { std::ranges::move(more, std::back_inserter(all)); }

// OfTokens gives the source for tokens that nobody named: a PIN source that was given with files alone is
// their password's.
IdentitySource OfTokens(const CommonOptions& common, const DoctorOptions& options) {
  Settings settings = common.configuration().readable();
  const bool for_files =
      !common.pin_source.empty() && !options.uris.empty() &&
      std::ranges::none_of(options.uris, [](const std::string& uri) { return Pkcs12PathOf(uri).empty(); });
  if (for_files) settings.token_pin = {};
  return IdentitySource(std::move(settings), common.MakePrompt());
}

Findings Examine(const CommonOptions& common, const DoctorOptions& options) {
  Findings all = CheckEnvironment(common);
  Append(all, CheckOpenSslConf(common.openssl_conf));
  Append(all, TellSettings(common.configuration()));
  const Settings& settings = common.configuration().readable();
  Append(all, CheckModules(settings));
  const TimePoint now = std::chrono::system_clock::now();
  // Nobody is asked for a token's PIN; a file that a user named may ask for its password.
  const IdentitySource source(settings, common.MakePrompt());
  Append(all, CheckIdentities(OfTokens(common, options), "pkcs11:", false, now));
  for (const std::string& uri : options.uris) {
    const std::string path = Pkcs12PathOf(uri);
    if (!path.empty() && HoldsPemPointer(path)) {
      Append(all, CheckPemFile(source, path));
      continue;
    }
    Append(all, CheckIdentities(source, uri, true, now));
    if (!path.empty()) Append(all, CheckPkcs12File(path));
  }
  for (const std::string& path : options.pem_files) Append(all, CheckPemFile(source, path));
  return all;
}

void Print(const CommonOptions& common, const Findings& findings, Json document = Json::object()) {
  const Console out(stdout);
  Json rows = Json::array();
  for (const Finding& finding : findings) {
    if (common.json) {
      rows.push_back({{"what", finding.what},
                      {"verdict", Shown(finding.verdict)},
                      {"detail", finding.detail},
                      {"hint", finding.hint}});
    } else {
      out.Row(fmt::format("{:<5} ", Shown(finding.verdict)),
              fmt::format("{}: {}{}{}", finding.what, finding.detail, finding.hint.empty() ? "" : ". ",
                          finding.hint),
              ColourOf(finding.verdict));
    }
  }
  if (!common.json) return;
  document["findings"] = std::move(rows);
  PrintJson(document);
}

std::string StandardInput() {
  std::string text;
  char part[4096];
  while (const std::size_t size = std::fread(part, 1, sizeof part, stdin)) text.append(part, size);
  return text;
}

// ExplainWhatWasPrinted answers for an error message of another program.
Findings ExplainWhatWasPrinted(const std::string& given) {
  const auto explanation = ExplainSymptom(given == "-" ? StandardInput() : given);
  if (explanation) return {{Verdict::kBad, "symptom", explanation->cause, explanation->hint}};
  return {{Verdict::kNote, "symptom", "it contains no known message",
           "Run `signet handshake HOST:PORT --identity URI`, which shows every message of the handshake."}};
}

int Doctor(const CommonOptions& common, const DoctorOptions& options) {
  if (options.symptom) {
    const Findings findings = ExplainWhatWasPrinted(*options.symptom);
    Print(common, findings);
    return findings.front().verdict == Verdict::kBad ? kDone : kFailed;
  }
  const Findings findings = Examine(common, options);
  Print(common, findings, {{"settings", SettingsJson(common.configuration())}});
  const auto bad = std::ranges::count(findings, Verdict::kBad, &Finding::verdict);
  return bad == 0 ? kDone : kFailed;
}

}  // namespace

void AddDoctorVerb(CLI::App& app, CommonOptions& common) {
  auto options = std::make_shared<DoctorOptions>();
  CLI::App* verb = app.add_subcommand("doctor", "Check the set-up and explain how to correct it");
  AddUris(*verb, options->uris, "More identities to check, or PEM key files");
  verb->add_option("--openssl-conf", common.openssl_conf,
                   "The openssl.cnf to check (default: the one that programs read)")
      ->type_name("FILE");
  verb->add_option("--pem", options->pem_files,
                   "A PEM key file that should point to a key; may be given several times")
      ->type_name("FILE")
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  verb->add_option_function<std::string>(
          "--symptom", [options](const std::string& text) { options->symptom = text; },
          "Explain what another program printed; - reads it from stdin")
      ->type_name("TEXT");
  verb->footer(
      "signet doctor\n"
      "signet doctor alice.p12 --pem bob.key\n"
      "signet doctor --symptom 'tlsv13 alert certificate required'");
  verb->callback(
      [&common, options] { common.verb = [&common, options] { return Doctor(common, *options); }; });
}

}  // namespace signet::tool

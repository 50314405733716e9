#include "tool/console.h"
#include "tool/help.h"
#include "tool/output.h"
#include "tool/report_output.h"
#include "tool/stacks.h"
#include "tool/typed_uri.h"
#include "tool/usage.h"
#include "tool/verbs.h"
#include <signet/error.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace signet::tool {
namespace {

constexpr const char* kExamples =
    "signet list\n"
    "signet show alice.p12\n"
    "signet handshake https://example.org/ --identity alice.p12\n"
    "signet handshake example.org:8443 --identity 'pkcs11:token=demo;id=%01'\n"
    "signet doctor";

// FailureDocument is what --json prints where a verb did not come to its own document: the same names, and
// why.
Json FailureDocument(const CLI::App& app, const Error& error) {
  const std::string verb = app.get_name();
  if (verb == "handshake") {
    const auto stack = app.get_option("--stack")->results();
    return ReportJson({.stack = stack.empty() ? DefaultStack() : stack.back(), .failure = error});
  }
  if (verb != "list" && verb != "show") return {{"error", ErrorJson(error)}};
  return ListingJson({.identities = {}, .problems = {{error.uri(), error}}}, {});
}

// AsItWasTyped gives the error with what was typed in the place of the URI that it stood for.
Error AsItWasTyped(const Error& error, std::span<char* const> arguments) {
  for (const std::string word : arguments) try {
      if (error.uri().empty() || word.starts_with('-')) continue;
      const std::string uri = TypedUri(word);
      const bool meant = WithoutPin(uri) == error.uri() || WithHexId(WithoutPin(uri)) == error.uri();
      if (uri == word || !meant) continue;
      Error::Fields fields = error.fields();
      fields.uri = WithoutPin(word);
      return Error(std::move(fields));
    } catch (const Error&) {  // a word that is no URI
    }
  return error;
}

int Fail(const CommonOptions& common, const CLI::App& verb, const Error& error,
         std::span<char* const> arguments) {
  const bool lines = verb.get_name() == "serve";
  if (common.json) PrintJson(FailureDocument(verb, error), lines ? Layout::kLine : Layout::kIndented);
  PrintError(AsItWasTyped(error, arguments));
  return StatusOf(error);
}

bool AsksForJson(std::span<char* const> arguments) {
  return std::ranges::any_of(arguments, [](std::string_view word) { return word == "--json"; });
}

// Refused answers for a command line that CLI11 did not take, help among them.
int Refused(CommonOptions& common, const CLI::App& app, const CLI::ParseError& refusal,
            std::span<char*> arguments) {
  const auto left = app.remaining(true);
  const bool no_verb =
      VerbOf(app).get_subcommands([](const CLI::App*) { return true; }).size() > 0 &&
      std::ranges::any_of(left, [](const std::string& word) { return !word.starts_with('-'); });
  if (refusal.get_exit_code() == 0 && !no_verb) return app.exit(refusal);
  // The parser may have stopped before it came to --json.
  common.json |= AsksForJson(arguments);
  const CLI::App& verb = VerbOf(app);
  const bool bare =
      verb.get_subcommands([](const CLI::App*) { return true; }).size() > 0 && app.remaining(true).empty();
  const Console console(stderr);
  if (bare && !common.json) {
    console.Raw(HelpText(verb, console.width()));
    return kWrongUsage;
  }
  return Fail(common, verb, UsageError(app, refusal, arguments), arguments);
}

// AsTyped gives the arguments in the order that CLI11 parses, the last first; `help list` is `list --help`.
std::vector<std::string> AsTyped(std::span<char*> arguments) {
  std::vector<std::string> words(arguments.begin(), arguments.end());
  if (!words.empty() && words.front() == "help") {
    words.erase(words.begin());
    words.emplace_back("--help");
  }
  std::ranges::reverse(words);
  return words;
}

int Main(std::span<char*> arguments) {
  CommonOptions common;
  CLI::App app("Client identities for TLS, from PKCS#12 files, smartcards and HSMs", "signet");
  UseOwnHelp(app);
  app.set_help_flag("-h,--help", "Print this help");
  app.set_version_flag("--version", "signet " SIGNET_VERSION, "Print the version");
  app.footer(kExamples);
  app.require_subcommand(1);
  app.fallthrough();
  common.AddTo(app);
  AddListVerb(app, common);
  AddShowVerb(app, common);
  AddHandshakeVerb(app, common);
  AddServeVerb(app, common);
  AddTokenVerb(app, common);
  AddPemVerb(app, common);
  AddDoctorVerb(app, common);
  for (CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) verb->fallthrough();
  RefuseOptionsAsValues(app);
  try {
    app.parse(AsTyped(arguments));
  } catch (const CLI::ParseError& refusal) {
    return Refused(common, app, refusal, arguments);
  } catch (const Error& error) {
    common.json |= AsksForJson(arguments);
    return Fail(common, VerbOf(app), error, arguments);
  }
  const CLI::App& verb = VerbOf(app);
  try {
    common.Configure(arguments);
  } catch (const Error& error) {
    Fail(common, verb, error, arguments);
    return kWrongUsage;
  }
  if (!app.got_subcommand("doctor")) common.PrintWarnings();
  try {
    return common.verb();
  } catch (const Error& error) {
    return Fail(common, verb, error, arguments);
  } catch (const std::exception& error) {
    return Fail(common, verb, Error({.code = ErrorCode::kInternal, .detail = error.what()}), arguments);
  }
}

// Written gives the exit status, which is no success where standard output could not be written.
int Written(int status) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return status;
  PrintError(Error({.code = ErrorCode::kUnreadable,
                    .detail = "standard output cannot be written",
                    .hint = "Check the disk or pipe that it is written to."}));
  return status == kDone ? kFailed : status;
}

}  // namespace
}  // namespace signet::tool

int main(int count, char** arguments) {
  // A peer that hangs up is an error to report, not the end.
  std::signal(SIGPIPE, SIG_IGN);
  const std::span<char*> all(arguments, static_cast<std::size_t>(count));
  return signet::tool::Written(signet::tool::Main(all.subspan(all.empty() ? 0 : 1)));
}

#include "tool/output.h"
#include "tool/verbs.h"
#include <signet/error.h>

#include <csignal>
#include <exception>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace signet::tool {
namespace {

int Main(int count, char** arguments) {
  CommonOptions common;
  CLI::App app("Client identities for TLS, from PKCS#12 files, smartcards and HSMs", "signet");
  app.set_version_flag("--version", "signet " SIGNET_VERSION);
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
  for (CLI::App* verb : app.get_subcommands({})) verb->fallthrough();
  try {
    app.parse(count, arguments);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kDone : kWrongUsage;
  }
  try {
    common.Configure({arguments, static_cast<std::size_t>(count)});
  } catch (const Error& error) {
    if (common.json) PrintJson({{"error", ErrorJson(error)}});
    PrintError(error);
    return kWrongUsage;
  }
  if (!app.got_subcommand("doctor")) common.PrintWarnings();
  try {
    return common.verb();
  } catch (const Error& error) {
    PrintError(error);
  } catch (const std::exception& error) {
    fmt::print(stderr, "signet: {}\n", error.what());
  }
  return kFailed;
}

}  // namespace
}  // namespace signet::tool

int main(int count, char** arguments) {
  // A peer that hangs up is an error to report, not the end.
  std::signal(SIGPIPE, SIG_IGN);
  return signet::tool::Main(count, arguments);
}

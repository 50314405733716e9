#include "tool/stacks.h"

#include "handshake/messages.h"
#include "openssl_tls/inspector/probe.h"
#include "tool/usage.h"
#ifdef SIGNET_HAS_BOTAN
#include "botan/inspector/probe.h"
#endif
#ifdef SIGNET_HAS_GNUTLS
#include "gnutls/inspector/probe.h"
#endif

#include <algorithm>

#include <fmt/format.h>

namespace signet::tool {
namespace {

#ifdef SIGNET_HAS_BOTAN
constexpr auto kMakeBotan = botan::MakeProbe;
#else
constexpr std::unique_ptr<Probe> (*kMakeBotan)() = nullptr;
#endif
#ifdef SIGNET_HAS_GNUTLS
constexpr auto kMakeGnuTls = gnutls::MakeProbe;
#else
constexpr std::unique_ptr<Probe> (*kMakeGnuTls)() = nullptr;
#endif

// StackRow is a TLS stack that --stack can name; the default one is first.
struct StackRow {
  std::string_view name;
  std::string_view title;
  std::unique_ptr<Probe> (*make)();  // null where this build lacks it
};

constexpr StackRow kStacks[] = {
    {.name = "openssl", .title = "OpenSSL", .make = openssl::MakeProbe},
    {.name = "botan", .title = "Botan", .make = kMakeBotan},
    {.name = "gnutls", .title = "GnuTLS", .make = kMakeGnuTls},
};

}  // namespace

void StackOptions::AddTo(CLI::App& verb) {
  std::vector<std::string> names;
  for (const StackRow& row : kStacks) names.emplace_back(row.name);
  name = names.front();
  TakesOneOf(*verb.add_option("--stack", name, "TLS stack")->type_name("NAME"), names);
  TakesOneOf(*verb.add_option("--tls", tls, "Use only this version of TLS")->type_name("VERSION"),
             {"1.2", "1.3"});
}

std::string DefaultStack() { return std::string(kStacks[0].name); }

std::optional<std::uint16_t> StackOptions::protocol_version() const {
  if (tls.empty()) return std::nullopt;
  return tls == "1.2" ? kTls12 : kTls13;
}

std::unique_ptr<Probe> MakeProbe(std::string_view stack) {
  const auto* row = std::ranges::find(kStacks, stack, &StackRow::name);
  if (row != std::end(kStacks) && row->make != nullptr) return row->make();
  const std::string_view title = row != std::end(kStacks) ? row->title : stack;
  throw Error({.code = ErrorCode::kUnsupported,
               .detail = fmt::format("this build does not support {}", title),
               .hint = fmt::format("Build signet with {} installed, or omit --stack.", title)});
}

}  // namespace signet::tool

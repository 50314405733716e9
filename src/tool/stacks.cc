#include "tool/stacks.h"

#include "handshake/messages.h"
#include "openssl_tls/inspector/probe.h"
#include "tool/usage.h"
#ifdef SIGNET_HAS_BOTAN
#include "botan/inspector/probe.h"
#endif

#include <algorithm>

namespace signet::tool {
namespace {

// StackRow is a TLS stack that --stack can name, of those that this build has; the default one is first.
struct StackRow {
  std::string_view name;
  std::unique_ptr<Probe> (*make)();
};

constexpr StackRow kStacks[] = {
    {.name = "openssl", .make = openssl::MakeProbe},
#ifdef SIGNET_HAS_BOTAN
    {.name = "botan", .make = botan::MakeProbe},
#endif
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
  if (row != std::end(kStacks)) return row->make();
  throw Error({.code = ErrorCode::kUnsupported,
               .detail = "this build does not support this TLS stack",
               .hint = "Omit --stack."});
}

}  // namespace signet::tool

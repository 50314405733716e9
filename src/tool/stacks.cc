#include "tool/stacks.h"

#include "handshake/messages.h"
#include "openssl_tls/probe.h"
#ifdef SIGNET_HAS_BOTAN
#include "botan/probe.h"
#endif

#include <algorithm>

namespace signet::tool {
namespace {

constexpr StackRow kStacks[] = {
    {.name = "openssl", .make = openssl::MakeProbe},
#ifdef SIGNET_HAS_BOTAN
    {.name = "botan", .make = botan::MakeProbe},
#endif
};

}  // namespace

std::span<const StackRow> Stacks() noexcept { return kStacks; }

std::vector<std::string> StackNames() {
  std::vector<std::string> names;
  for (const StackRow& row : kStacks) names.emplace_back(row.name);
  return names;
}

std::unique_ptr<Probe> MakeProbe(std::string_view stack) {
  const auto* row = std::ranges::find(kStacks, stack, &StackRow::name);
  if (row != std::end(kStacks)) return row->make();
  throw Error({.code = ErrorCode::kUnsupported,
               .detail = "this build has no such TLS stack",
               .mend = "Leave --stack out."});
}

std::optional<std::uint16_t> ProtocolVersion(std::string_view text) {
  if (text.empty()) return std::nullopt;
  return text == "1.2" ? kTls12 : kTls13;
}

}  // namespace signet::tool

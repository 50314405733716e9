#pragma once

#include "handshake/probe.h"

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace signet::tool {

// StackRow is a TLS stack that --stack can name.
struct StackRow {
  std::string_view name;
  std::unique_ptr<Probe> (*make)();
};

// Stacks are those that this build has, the default one first.
std::span<const StackRow> Stacks() noexcept;
std::vector<std::string> StackNames();
// MakeProbe gives the probe of a stack from StackNames.
std::unique_ptr<Probe> MakeProbe(std::string_view stack);

// ProtocolVersion gives the number of "1.2" or "1.3", and nothing for an empty text.
std::optional<std::uint16_t> ProtocolVersion(std::string_view text);

}  // namespace signet::tool

#pragma once

#include "inspector/probe.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>

namespace signet::tool {

// StackOptions are --stack and --tls, as every verb has them that speaks TLS.
struct StackOptions {
  std::string name;  // of the stack
  std::string tls;   // "1.2", "1.3" or empty

  void AddTo(CLI::App& verb);
  // protocol_version gives the number of the one version that is wanted.
  std::optional<std::uint16_t> protocol_version() const;
};

// DefaultStack names the stack that is taken without --stack.
std::string DefaultStack();

// MakeProbe gives the probe of the stack of that name; throws Error kUnsupported where this build lacks it.
std::unique_ptr<Probe> MakeProbe(std::string_view stack);

}  // namespace signet::tool

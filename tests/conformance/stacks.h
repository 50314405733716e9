#pragma once

#include "inspector/probe.h"

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

namespace signet::conformance {

// StackCase is one TLS stack at one protocol version. To put a further one through the suite, give it a row
// in stacks.cc.
struct StackCase {
  std::string name;
  std::uint16_t version;
  std::function<std::unique_ptr<Probe>()> make;
  std::vector<std::string> unusable;  // keys that its TLS cannot present
};
const std::vector<StackCase>& Stacks();
inline void PrintTo(const StackCase& row, std::ostream* out) { *out << row.name; }

}  // namespace signet::conformance

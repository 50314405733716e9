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
  // hashes: it hands digests to keys whose names begin so, and no key that signs only messages can be used.
  std::vector<std::string> hashes = {};
};
const std::vector<StackCase>& Stacks();
inline void PrintTo(const StackCase& row, std::ostream* out) { *out << row.name; }

}  // namespace signet::conformance

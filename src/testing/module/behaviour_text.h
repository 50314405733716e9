#pragma once

#include <signet/testing/wrapped_module.h>

#include <string>
#include <string_view>

namespace signet::testing {

// BehaviourFile is what the wrapping module reads beside itself: lines of `name=value`.
struct BehaviourFile {
  std::string module;          // path of the real one
  std::string softhsm_config;  // SOFTHSM2_CONF for it; empty: as the process has it
  std::string shared;          // path of the shared state
  std::uint64_t drops = 0;     // how often all sessions were dropped
  std::uint64_t logouts = 0;   // how often everybody was logged out
  ModuleBehaviour behaviour;
};

// WriteText and ReadText are inverse. ReadText throws std::runtime_error for a name that it does not know.
std::string WriteText(const BehaviourFile& file);
BehaviourFile ReadText(std::string_view text);

}  // namespace signet::testing

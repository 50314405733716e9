#pragma once

#include <cstdint>

namespace signet::testing {

// SomebodyListens tells whether a connection to `port` on the loopback is accepted.
bool SomebodyListens(std::uint16_t port);

}  // namespace signet::testing

#pragma once

#include <string>
#include <string_view>

namespace signet::testing {

// KitProgram gives the path of a program or module of the kit: beside libsignet-testing.so, or in the
// folder `signet` with it, where it is installed. Throw std::runtime_error where it is in neither.
std::string KitProgram(std::string_view name);

}  // namespace signet::testing

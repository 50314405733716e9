#pragma once

#include <signet/testing/process.h>

#include <string_view>

namespace signet {

// ForeignEnvironment is what a program that is not ours needs to load our provider or libraries: nothing, but
// for the sanitizers' runtime where these are sanitized. Its own leaks are not looked for.
inline testing::Environment ForeignEnvironment() {
  if (std::string_view(SIGNET_SANITIZER_RUNTIME).empty()) return {};
  return {{"LD_PRELOAD", SIGNET_SANITIZER_RUNTIME}, {"ASAN_OPTIONS", "detect_leaks=0"}};
}

}  // namespace signet

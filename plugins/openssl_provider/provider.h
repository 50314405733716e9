#pragma once

namespace signet::provider {

// kBuildParam is a parameter of the provider by which code of the same build knows it; see handover.cc.
inline constexpr const char* kBuildParam = "signet-build";
inline constexpr const char* kBuild = SIGNET_VERSION;

}  // namespace signet::provider

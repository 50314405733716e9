#pragma once

#include <span>
#include <string>

namespace signet {

// Provocation makes a program print `text`.
struct Provocation {
  const char* program;
  const char* text;  // a Symptom's
  std::string (*print)();
  bool (*is_at_hand)() = nullptr;  // where not every version prints it
};

// PeerProvocations are what programs print of what the other side said, SetupProvocations of their own keys
// and configuration, VerificationProvocations of certificates that one side does not take.
std::span<const Provocation> PeerProvocations();
std::span<const Provocation> SetupProvocations();
std::span<const Provocation> VerificationProvocations();

}  // namespace signet

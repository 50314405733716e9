#pragma once

#include "contender.h"
#include "signing.h"
#include <signet/testing/soft_hsm.h>
#include <signet/testing/test_pki.h>
#include <signet/testing/wrapped_module.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <benchmark/benchmark.h>

namespace signet::bench {

// Entrant is a contender with a counting and delaying module of its own in front of a token.
struct Entrant {
  Entrant(const ContenderKind& kind, const testing::SoftHsm& hsm,
          const testing::ModuleBehaviour& behaviour = {})
      : module(hsm, behaviour), contender(kind, module.path()) {}

  std::string_view name() const noexcept { return contender.name(); }

  testing::WrappedModule module;
  Contender contender;
};

// KeyedToken is a SoftHSM token with one key pair and its certificate.
struct KeyedToken {
  explicit KeyedToken(const Algorithm& algorithm);

  // Uri names the private key, with the PIN.
  std::string Uri() const { return hsm.ObjectUri(kId, true); }
  static constexpr std::string_view kId = "\x01";

  testing::SoftHsm hsm;
  testing::TestPki pki;
  testing::TestIdentity identity;
};

// ForEachContender calls `work` for each that is installed. One that fails is left out of the row, and
// standard error says why; where it is Signet, the benchmark has failed.
void ForEachContender(benchmark::State& state, const std::function<void(const ContenderKind&)>& work);

// TestMessage is what is signed: as long as what TLS 1.3 signs with SHA-256 (RFC 8446 section 4.4.3).
std::vector<std::uint8_t> TestMessage();

}  // namespace signet::bench

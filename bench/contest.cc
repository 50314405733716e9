#include "contest.h"

#include "rows.h"

#include <exception>

#include <fmt/format.h>

namespace signet::bench {

KeyedToken::KeyedToken(const Algorithm& algorithm)
    : identity(pki.Certify(hsm.Generate(algorithm.key, {.id = std::string(kId), .label = "bench"}),
                           {.common_name = "bench"})) {
  hsm.ImportCertificate(identity.certificate, {.id = std::string(kId), .label = "bench"});
}

void ForEachContender(benchmark::State& state, const std::function<void(const ContenderKind&)>& work) {
  for (const ContenderKind& kind : Installed()) {
    try {
      work(kind);
    } catch (const std::exception& error) {
      if (kind.name == kSignet) return state.SkipWithError(error.what());
      fmt::print(stderr, "{}: {}\n", kind.name, error.what());
    }
  }
}

std::vector<std::uint8_t> TestMessage() { return std::vector<std::uint8_t>(130, 0x20); }

}  // namespace signet::bench

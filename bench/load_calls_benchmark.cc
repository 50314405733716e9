// PKCS#11 calls that loading a private key by its URI takes, on a small and on a full token.
#include "contest.h"
#include "raw_calls.h"
#include "report.h"

#include <fmt/format.h>

namespace signet::bench {
namespace {

// What every token holds: an EC key pair, and an RSA key, whose public part can be read from the private one.
constexpr std::string_view kFirstId = "\x01";
constexpr std::string_view kSecondId = "\x02";
constexpr std::size_t kObjects = 3;

// Fill puts `count` data objects into the token.
void Fill(const testing::SoftHsm& hsm, std::size_t count) {
  const testing::WrappedModule wrapped(hsm);
  RawModule module(wrapped.path());
  module.LogIn(hsm.pin());
  const CK_SESSION_HANDLE session = module.OpenSession(true);
  for (std::size_t i = 0; i < count; ++i) {
    CK_OBJECT_CLASS object_class = CKO_DATA;
    CK_BBOOL yes = CK_TRUE;
    std::string label = fmt::format("filler {}", i);
    CK_ATTRIBUTE parts[] = {{CKA_CLASS, &object_class, sizeof object_class},
                            {CKA_TOKEN, &yes, sizeof yes},
                            {CKA_LABEL, label.data(), label.size()},
                            {CKA_VALUE, label.data(), label.size()}};
    CK_OBJECT_HANDLE object = 0;
    if (module.functions().C_CreateObject(session, parts, 4, &object) != CKR_OK) {
      throw std::runtime_error("the token takes no more objects");
    }
  }
  module.functions().C_Finalize(nullptr);
}

void CallsToLoad(benchmark::State& state) {
  const auto objects = static_cast<std::size_t>(state.range(0));
  testing::SoftHsm hsm;
  hsm.Generate("ec:P-256", {.id = std::string(kFirstId), .label = "first"});
  hsm.Generate("rsa:2048", {.id = std::string(kSecondId), .label = "second", .public_object = false});
  if (objects > kObjects) Fill(hsm, objects - kObjects);
  for (auto _ : state) {
    ForEachContender(state, [&](const ContenderKind& kind) {
      Entrant entrant(kind, hsm);
      const auto first = entrant.contender.Load(hsm.ObjectUri(kFirstId, true));
      Put(state, "first", kind.name, static_cast<double>(entrant.module.Count("*")));
      entrant.module.Reset();
      const auto next = entrant.contender.Load(hsm.ObjectUri(kSecondId, true));
      Put(state, "next", kind.name, static_cast<double>(entrant.module.Count("*")));
    });
  }
}
BENCHMARK(CallsToLoad)->Name("calls_to_load")->Arg(3)->Arg(1000)->Iterations(1);

}  // namespace
}  // namespace signet::bench

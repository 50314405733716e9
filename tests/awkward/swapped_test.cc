// Tokens that are swapped, returned or moved, as the first thing that happens to the process afterwards.
#include "awkward/paths.h"
#include "awkward/rules.h"

#include <gtest/gtest.h>
#include <p11-kit/p11-kit.h>

namespace signet::testing {
namespace {

class MovedTokens : public ::testing::TestWithParam<std::tuple<Path, bool, MemoryBehaviour::Gone>> {
 protected:
  MovedTokens() {
    alice = module.AddToken({.label = "card", .serial = "alice", .pin = "1111"});
    bob = module.MakeToken({.label = "card", .serial = "bob", .pin = "2222"});
    Fill(module, alice, 0);
    Fill(module, bob, 1);
    MemoryBehaviour behaviour{.gone = std::get<2>(GetParam())};
    if (!std::get<1>(GetParam())) behaviour.max_sessions = 1;
    module.Set(behaviour);
    user = std::make_unique<User>(module, alice, 0);
    const Outcome keys = user->TakeKeys();
    EXPECT_TRUE(keys.worked) << keys.error;
    module.ResetCalls();
  }
  // NothingForBob checks that no PIN and no use of a key went to the other card.
  void NothingForBob() const {
    for (const MemoryCall& call : module.Calls()) {
      const bool uses = call.function == "C_Login" || call.function == "C_Sign" ||
                        call.function == "C_Decrypt" || call.function == "C_DeriveKey";
      EXPECT_FALSE(uses && call.token == "bob") << Text(module.Calls());
    }
    for (const std::string& rule : BrokenRules(module.Calls()))
      ADD_FAILURE() << rule << "\n" << Text(module.Calls());
  }

  MemoryModule module;
  std::size_t alice = 0;
  std::size_t bob = 0;
  std::unique_ptr<User> user;
};

TEST_P(MovedTokens, AnotherCardInTheSlotGetsNoPin) {
  module.Insert(bob, 0);
  const Outcome outcome = user->Do(std::get<0>(GetParam()));
  // A listing of a token that is not there is empty, and that is the truth.
  EXPECT_FALSE(outcome.worked);
  EXPECT_TRUE(!outcome.wrong || !UsesKeys(std::get<0>(GetParam()))) << outcome.error;
  NothingForBob();
  module.Insert(alice, 0);
  const Outcome back = user->Do(std::get<0>(GetParam()));
  EXPECT_TRUE(back.worked) << back.error << "\n" << Text(module.Calls());
  NothingForBob();
}

TEST_P(MovedTokens, ReturnedTokenWorksAtTheFirstUse) {
  module.Remove(alice);
  module.Insert(alice, 0);
  const Outcome outcome = user->Do(std::get<0>(GetParam()));
  EXPECT_TRUE(outcome.worked) << outcome.error << "\n" << Text(module.Calls());
  NothingForBob();
}

TEST_P(MovedTokens, ReturnWorksAfterAFailedUse) {
  module.Remove(alice);
  EXPECT_FALSE(user->Do(std::get<0>(GetParam())).worked);
  module.Insert(alice, 0);
  const Outcome outcome = user->Do(std::get<0>(GetParam()));
  EXPECT_TRUE(outcome.worked) << outcome.error << "\n" << Text(module.Calls());
}

TEST_P(MovedTokens, TokenIsFoundInAnotherSlot) {
  const std::size_t slot = module.AddSlot();
  module.Insert(alice, slot);
  const Outcome outcome = user->Do(std::get<0>(GetParam()));
  EXPECT_TRUE(outcome.worked) << outcome.error << "\n" << Text(module.Calls());
}

TEST_P(MovedTokens, ExchangedTokensGetOnlyTheirOwnPins) {
  const std::size_t slot = module.AddSlot();
  module.Insert(bob, slot);
  module.Swap(0, slot);
  const Outcome outcome = user->Do(std::get<0>(GetParam()));
  EXPECT_TRUE(outcome.worked) << outcome.error << "\n" << Text(module.Calls());
  NothingForBob();
}

std::string NameOfCase(const ::testing::TestParamInfo<MovedTokens::ParamType>& info) {
  constexpr const char* kGone[] = {"SessionHandleInvalid", "DeviceRemoved", "TokenNotPresent"};
  return std::string(NameOf(std::get<0>(info.param))) +
         (std::get<1>(info.param) ? "Sessions" : "OneSession") +
         kGone[static_cast<int>(std::get<2>(info.param))];
}

INSTANTIATE_TEST_SUITE_P(EveryPath, MovedTokens,
                         ::testing::Combine(::testing::ValuesIn(kPaths), ::testing::Bool(),
                                            ::testing::Values(MemoryBehaviour::Gone::kSessionHandleInvalid,
                                                              MemoryBehaviour::Gone::kDeviceRemoved,
                                                              MemoryBehaviour::Gone::kTokenNotPresent)),
                         NameOfCase);

}  // namespace
}  // namespace signet::testing

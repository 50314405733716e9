// The PINs of administration: one login machine, one ledger of refused PINs and one ladder with all else.
#include "pkcs11/admin/provisioning.h"
#include "pkcs11/module/cryptoki.h"
#include "pkcs11/world.h"
#include <signet/testing/memory_token.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet::testing {
namespace {

using ::testing::HasSubstr;

enum class Verb { kReset, kChange, kChangeOfficer, kWipe };
constexpr Verb kVerbs[] = {Verb::kReset, Verb::kChange, Verb::kChangeOfficer, Verb::kWipe};

class AdminPins : public ::testing::Test {
 protected:
  AdminPins() {
    static int number = 0;  // refused PINs are remembered in the process
    token = module.AddToken({.label = "card", .serial = std::to_string(++number), .tries = 5});
  }

  Settings settings() const {
    Settings settings;
    settings.modules = {module.path()};
    return settings;
  }
  TokenPlace Place() const { return FindTokens(settings()).at(0); }
  static bool IsOfOfficer(Verb verb) { return verb != Verb::kChange; }
  PinToSend Right(Verb verb) const {
    const MemoryTokenOptions now = module.Token(token);
    return {.pin = Secret(IsOfOfficer(verb) ? now.so_pin : now.pin)};
  }
  static void Do(Verb verb, const TokenPlace& place, const PinToSend& pin) {
    const Secret fresh("87654321");
    switch (verb) {
      case Verb::kReset:
        return ResetPin(place, pin, fresh.Clone());
      case Verb::kChange:
        return ChangePin(place, pin, fresh.Clone());
      case Verb::kChangeOfficer:
        return ChangeOfficerPin(place, pin, fresh.Clone());
      case Verb::kWipe:
        Initialise(place, "card", pin, fresh.Clone());
    }
  }
  // Failure gives the text of the Error, or nothing.
  static std::string Failure(Verb verb, const TokenPlace& place, const PinToSend& pin) {
    try {
      Do(verb, place, pin);
      return {};
    } catch (const Error& error) {
      return error.what();
    }
  }
  // Listed gives the first problem of a source that lists the token with this PIN. Its sessions, which would
  // keep the security officer out, end with it.
  std::optional<ErrorCode> Listed(std::string_view pin) const {
    const auto source = std::make_shared<Pkcs11Source>(settings());
    const Listing listing = source->List(module.TokenUri(token) + "?pin-value=" + std::string(pin), nullptr);
    if (listing.problems.empty()) return std::nullopt;
    return listing.problems.front().error.code();
  }
  // Sent counts the calls that carried this PIN.
  std::size_t Sent(std::string_view pin) const {
    std::size_t sent = 0;
    for (const MemoryCall& call : module.Calls()) sent += call.pin == pin ? 1 : 0;
    return sent;
  }

  MemoryModule module;
  std::size_t token = 0;
};

class AdminPinOf : public AdminPins, public ::testing::WithParamInterface<Verb> {};
INSTANTIATE_TEST_SUITE_P(Verbs, AdminPinOf, ::testing::ValuesIn(kVerbs));

TEST_P(AdminPinOf, CorrectPinIsAccepted) {
  EXPECT_EQ(Failure(GetParam(), Place(), Right(GetParam())), "");
  const MemoryTokenOptions now = module.Token(token);
  EXPECT_EQ(GetParam() == Verb::kChangeOfficer ? now.so_pin : now.pin, "87654321");
}

TEST_P(AdminPinOf, RefusedPinIsNeverSentAgain) {
  const PinToSend wrong{.pin = Secret("wrong pin")};
  EXPECT_THAT(Failure(GetParam(), Place(), wrong), HasSubstr("wrong"));
  EXPECT_THAT(Failure(GetParam(), Place(), wrong), HasSubstr("rejected before"));
  EXPECT_EQ(Sent("wrong pin"), 1u);
  EXPECT_EQ(Failure(GetParam(), Place(), Right(GetParam())), "");
}

TEST_P(AdminPinOf, FlagsOfItsUserAreReadRightBefore) {
  const bool officer = IsOfOfficer(GetParam());
  const TokenPlace place = Place();
  for (const auto& [of_user, of_officer] : {std::pair(CKF_USER_PIN_FINAL_TRY, CKF_SO_PIN_FINAL_TRY),
                                            std::pair(CKF_USER_PIN_LOCKED, CKF_SO_PIN_LOCKED)}) {
    module.SetFlags(token, officer ? of_officer : of_user);
    EXPECT_NE(Failure(GetParam(), place, Right(GetParam())), "");
  }
  EXPECT_EQ(Sent(Right(GetParam()).pin->view()), 0u);
  module.SetFlags(token, officer ? CKF_SO_PIN_FINAL_TRY : CKF_USER_PIN_FINAL_TRY);
  PinToSend sure = Right(GetParam());
  sure.allow_final_try = true;
  EXPECT_EQ(Failure(GetParam(), place, sure), "");
}

TEST_P(AdminPinOf, FlagsOfTheOtherUserDoNotMatter) {
  module.SetFlags(token, IsOfOfficer(GetParam()) ? CKF_USER_PIN_FINAL_TRY : CKF_SO_PIN_FINAL_TRY);
  EXPECT_EQ(Failure(GetParam(), Place(), Right(GetParam())), "");
}

TEST_P(AdminPinOf, EmptyPinIsNotSent) {
  EXPECT_THAT(Failure(GetParam(), Place(), {.pin = Secret("")}), HasSubstr("empty"));
  EXPECT_EQ(module.Count("C_Login") + module.Count("C_SetPIN") + module.Count("C_InitToken"), 0u);
}

TEST_P(AdminPinOf, PinIsNotSentToAnotherCardInTheSlot) {
  const std::size_t other = module.MakeToken({.label = "card", .serial = "other"});
  const TokenPlace place = Place();
  module.Insert(other, 0);
  EXPECT_NE(Failure(GetParam(), place, Right(GetParam())), "");
  for (const MemoryCall& call : module.Calls()) EXPECT_EQ(call.pin, "") << call.function;
  module.Insert(token, 0);
  EXPECT_EQ(Failure(GetParam(), place, Right(GetParam())), "");
}

TEST_P(AdminPinOf, LoginThatFailedWithoutAReasonIsNotRepeated) {
  module.Set({.faults = {{.function = "C_Login", .result = CKR_DEVICE_ERROR, .times = 0},
                         {.function = "C_InitToken", .result = CKR_DEVICE_ERROR, .times = 0}}});
  EXPECT_THAT(Failure(GetParam(), Place(), Right(GetParam())), HasSubstr("CKR_DEVICE_ERROR"));
  EXPECT_EQ(Sent(Right(GetParam()).pin->view()), 1u);
}

TEST_P(AdminPinOf, LoginThatAnotherProgramEndsIsRenewed) {
  module.Set({.faults = {{.function = "C_Login", .result = CKR_USER_ALREADY_LOGGED_IN, .times = 2}}});
  EXPECT_EQ(Failure(GetParam(), Place(), Right(GetParam())), "");
  EXPECT_LE(module.Count("C_Login"), 3u);
}

TEST_P(AdminPinOf, LostSessionIsReplaced) {
  for (const char* function : {"C_GetSessionInfo", "C_InitPIN"}) {
    module.Set({.faults = {{.function = function, .result = CKR_SESSION_HANDLE_INVALID}}});
    EXPECT_EQ(Failure(GetParam(), Place(), Right(GetParam())), "") << function;
  }
}

TEST_F(AdminPins, OldPinIsSentOnceIfTheResultIsUnknown) {
  for (const Verb verb : {Verb::kChange, Verb::kChangeOfficer}) {
    module.Set({.faults = {{.function = "C_SetPIN", .result = CKR_DEVICE_ERROR, .after = true}}});
    EXPECT_THAT(Failure(verb, Place(), Right(verb)), HasSubstr("it is not known whether"));
  }
  EXPECT_EQ(module.Count("C_SetPIN"), 2u);
  EXPECT_EQ(module.Token(token).pin, "87654321");
}

TEST_F(AdminPins, ExpiredPinCanBeChanged) {
  module.Set({.faults = {{.function = "C_Login", .result = CKR_PIN_EXPIRED, .after = true}}});
  EXPECT_EQ(Failure(Verb::kChange, Place(), Right(Verb::kChange)), "");
  EXPECT_EQ(module.Count("C_Login"), 1u);
}

TEST_F(AdminPins, LedgerIsOneForSourcesAndAdministration) {
  EXPECT_EQ(Listed("wrong%20pin"), ErrorCode::kWrongPin);
  EXPECT_THAT(Failure(Verb::kChange, Place(), {.pin = Secret("wrong pin")}), HasSubstr("rejected before"));
  EXPECT_EQ(Sent("wrong pin"), 1u);
  // It is another PIN than the officer's, who may have the same.
  EXPECT_THAT(Failure(Verb::kReset, Place(), {.pin = Secret("wrong pin")}), HasSubstr("is wrong"));
}

TEST_F(AdminPins, NewPinIsNoLongerARejectedOne) {
  EXPECT_EQ(Listed("87654321"), ErrorCode::kWrongPin);
  Do(Verb::kReset, Place(), Right(Verb::kReset));
  EXPECT_NE(Listed("87654321"), ErrorCode::kWrongPin);
}

// C_InitToken has no session, so that the ladder of sessions does not serve it.
TEST_F(AdminPins, InitialisationRecoversLikeEveryOtherOperation) {
  for (const char* function : {"C_GetSlotList", "C_GetTokenInfo", "C_GetSessionInfo", "C_OpenSession"}) {
    for (const unsigned long result : {CKR_CRYPTOKI_NOT_INITIALIZED, CKR_TOKEN_NOT_PRESENT, CKR_DEVICE_ERROR,
                                       CKR_GENERAL_ERROR, CKR_HOST_MEMORY}) {
      for (std::uint64_t nth = 1; nth <= 6; ++nth) {
        SCOPED_TRACE(std::string(function) + ' ' + std::to_string(result) + ' ' + std::to_string(nth));
        module.Set({});
        const TokenPlace place = Place();
        module.Set({.faults = {{.function = function, .result = result, .nth = nth}}});
        EXPECT_EQ(Failure(Verb::kWipe, place, Right(Verb::kWipe)), "");
        EXPECT_EQ(module.Token(token).pin, "87654321");
      }
    }
  }
}

// A call that carries a PIN is not repeated.
TEST_F(AdminPins, InitialisingGetsOverAFinalisationByOthersAtAnyCallWithoutAPin) {
  const TokenPlace place = Place();
  module.ResetCalls();
  Do(Verb::kWipe, place, Right(Verb::kWipe));
  const std::vector<MemoryCall> calls = module.Calls();
  for (std::size_t i = 0; i < calls.size(); ++i) {
    module.Set({});
    const TokenPlace again = Place();
    module.Set({.faults = {{.function = "*", .result = CKR_CRYPTOKI_NOT_INITIALIZED, .nth = i + 1}}});
    const std::string failure = Failure(Verb::kWipe, again, Right(Verb::kWipe));
    EXPECT_EQ(failure.empty(), calls[i].pin.empty()) << i << ' ' << calls[i].function << ": " << failure;
  }
}

TEST_F(AdminPins, TokenThatMovedIsInitialisedWhereItIs) {
  const std::size_t slot = module.AddSlot();
  const TokenPlace place = Place();
  module.Insert(token, slot);
  EXPECT_EQ(Failure(Verb::kWipe, place, Right(Verb::kWipe)), "");
  EXPECT_EQ(module.Token(token).pin, "87654321");
}

TEST_F(AdminPins, SlotThatCannotBeReadKeepsNoOtherFromBeingInitialised) {
  const TokenPlace place = Place();
  module.AddToken({.label = "card", .serial = "broken", .so_pin = "87654321"});
  // Each round looks at the slots in their order.
  module.Set({.faults = {{.function = "C_GetTokenInfo", .result = CKR_DEVICE_ERROR, .nth = 2}}});
  EXPECT_EQ(Failure(Verb::kWipe, place, Right(Verb::kWipe)), "");
  EXPECT_EQ(module.Token(token).pin, "87654321");
}

// Another card with the label is put in right after C_InitToken.
TEST_F(AdminPins, OfficersPinIsNotSentToACardExchangedAfterInitialisation) {
  const std::size_t other = module.AddToken({.label = "card", .serial = "swapped", .so_pin = "another one"});
  const TokenPlace place = Place();
  for (std::uint64_t calls = 1; calls < 20; ++calls) {
    module.Set({});
    module.ResetCalls();
    // A swap at any call, drawn: the rule is about what is sent.
    module.Disturb({.seed = calls,
                    .per_mille = 400,
                    .budget = 1,
                    .codes = false,
                    .logout = false,
                    .removal = false,
                    .swap = true,
                    .finalise = false,
                    .sessions = false});
    Failure(Verb::kWipe, place, Right(Verb::kWipe));
    for (const MemoryCall& call : module.Calls()) {
      const bool sent = call.function == "C_Login" && call.disturbance.empty();
      EXPECT_TRUE(!sent || call.pin_right) << "seed " << calls;
    }
    module.Calm();
  }
  EXPECT_EQ(module.Token(other).so_pin, "another one");
}

}  // namespace
}  // namespace signet::testing

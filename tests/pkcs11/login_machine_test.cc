// Every state of the login machine, and every way through it that a token's answers can take.
#include "pkcs11/token/login_machine.h"

#include "pkcs11/token/login_errors.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet {
namespace {

using Kind = LoginStep::Kind;

constexpr CK_FLAGS kFlags[] = {CKF_USER_PIN_LOCKED,    CKF_USER_PIN_INITIALIZED,
                               CKF_USER_PIN_FINAL_TRY, CKF_PROTECTED_AUTHENTICATION_PATH,
                               CKF_USER_PIN_COUNT_LOW, CKF_USER_PIN_TO_BE_CHANGED};
constexpr PinOrigin kOrigins[] = {PinOrigin::kKept, PinOrigin::kUriValue, PinOrigin::kSource,
                                  PinOrigin::kPerson, PinOrigin::kPassPhrase};

std::vector<PinFacts> AllPins() {
  std::vector<PinFacts> pins;
  for (const PinOrigin origin : kOrigins) {
    for (const bool empty : {false, true}) {
      for (const bool refused : {false, true})
        pins.push_back({.origin = origin, .empty = empty, .refused = refused});
    }
  }
  return pins;
}

std::vector<std::vector<PinFacts>> AllSetsOfPins() {
  std::vector<std::vector<PinFacts>> sets{{}};
  for (const PinFacts& first : AllPins()) {
    sets.push_back({first});
    for (const PinFacts& second : AllPins()) sets.push_back({first, second});
  }
  return sets;
}

CK_FLAGS FlagsOf(unsigned bits) {
  CK_FLAGS flags = CKF_LOGIN_REQUIRED;
  for (std::size_t i = 0; i < std::size(kFlags); ++i) {
    if ((bits >> i & 1) != 0) flags |= kFlags[i];
  }
  return flags;
}

// CheckRules gives which rule the step breaks, or null.
const char* BrokenRule(const LoginFacts& facts, const LoginStep& step) {
  const auto has = [&](CK_FLAGS flag) { return (facts.token.flags & flag) != 0; };
  const bool in =
      !facts.context && (facts.session == CKS_RO_USER_FUNCTIONS || facts.session == CKS_RW_USER_FUNCTIONS);
  if ((step.kind == Kind::kReady) != in) return "ready exactly where the user is logged in";
  const bool asks_or_sends =
      step.kind == Kind::kSendPin || step.kind == Kind::kAskReader || step.kind == Kind::kAskPerson;
  if (asks_or_sends) {
    if (has(CKF_USER_PIN_LOCKED)) return "no PIN to a locked token";
    if (!has(CKF_USER_PIN_INITIALIZED)) return "no PIN to a token without one";
    if (has(CKF_USER_PIN_FINAL_TRY) && !facts.policy.allow_final_try) return "no PIN on the final try";
    if (facts.failed) return "no PIN after a login that failed in the action";
    if (!facts.context && facts.logins >= kMostLogins) return "a login is renewed twice at most";
    if (!facts.context && facts.session == CKS_RW_SO_FUNCTIONS) return "no PIN while the officer is in";
    if ((step.kind == Kind::kAskReader) != has(CKF_PROTECTED_AUTHENTICATION_PATH)) return "the pad asks";
  }
  if (step.kind == Kind::kAskPerson && !facts.may_ask) return "a person is asked once";
  if (step.kind == Kind::kSendPin) {
    if (step.pin >= facts.pins.size()) return "the PIN is an available one";
    const PinFacts& pin = facts.pins[step.pin];
    if (pin.refused) return "no PIN that was refused";
    const bool takes_empty = facts.token.min_length == 0 || has(CKF_USER_PIN_TO_BE_CHANGED);
    const bool meant = pin.origin == PinOrigin::kUriValue || pin.origin == PinOrigin::kKept;
    if (pin.empty && !(takes_empty && meant)) return "no empty PIN";
    if (pin.origin == PinOrigin::kPassPhrase && has(CKF_USER_PIN_COUNT_LOW) &&
        !facts.policy.pass_phrase_on_low_count) {
      return "no pass phrase while a wrong PIN was entered last";
    }
  }
  return nullptr;
}

TEST(LoginMachine, KeepsTheRulesInEveryState) {
  const auto sets = AllSetsOfPins();
  std::size_t states = 0;
  std::set<std::pair<int, int>> reached;
  for (const CK_STATE session : {CKS_RO_PUBLIC_SESSION, CKS_RO_USER_FUNCTIONS, CKS_RW_PUBLIC_SESSION,
                                 CKS_RW_USER_FUNCTIONS, CKS_RW_SO_FUNCTIONS}) {
    for (unsigned bits = 0; bits < 64; ++bits) {
      for (const CK_ULONG min_length : {CK_ULONG{0}, CK_ULONG{4}}) {
        for (const auto& pins : sets) {
          for (unsigned rest = 0; rest < 96; ++rest) {
            const LoginFacts facts{
                .context = (rest & 1) != 0,
                .session = session,
                .token = {.flags = FlagsOf(bits), .min_length = min_length},
                .pins = pins,
                .may_ask = (rest & 2) != 0,
                .failed = (rest & 4) != 0,
                .logins = static_cast<int>(rest / 32) + 1,
                .policy = {.allow_final_try = (rest & 8) != 0, .pass_phrase_on_low_count = (rest & 16) != 0}};
            const LoginStep step = NextLoginStep(facts);
            reached.insert({static_cast<int>(step.kind), static_cast<int>(step.why)});
            ++states;
            const char* broken = BrokenRule(facts, step);
            if (broken != nullptr) FAIL() << broken << "; flags " << bits << ", rest " << rest;
          }
        }
      }
    }
  }
  EXPECT_EQ(states, 5u * 64 * 2 * 421 * 96);
  for (const auto why : {LoginStep::Failure::kState, LoginStep::Failure::kPin, LoginStep::Failure::kNoPin,
                         LoginStep::Failure::kFailedBefore, LoginStep::Failure::kOfficerIsIn,
                         LoginStep::Failure::kUndoneTooOften}) {
    EXPECT_TRUE(reached.contains({static_cast<int>(Kind::kFail), static_cast<int>(why)}));
  }
}

constexpr CK_FLAGS kOfficerFlags[] = {
    CKF_SO_PIN_LOCKED,        CKF_SO_PIN_FINAL_TRY, CKF_PROTECTED_AUTHENTICATION_PATH,
    CKF_SO_PIN_TO_BE_CHANGED, CKF_USER_PIN_LOCKED,  CKF_USER_PIN_FINAL_TRY};

// BrokenOfficerRule is BrokenRule for the security officer's PIN, the flags of the user's left out.
const char* BrokenOfficerRule(const LoginFacts& facts, const LoginStep& step) {
  const auto has = [&](CK_FLAGS flag) { return (facts.token.flags & flag) != 0; };
  const bool in = facts.session == CKS_RW_SO_FUNCTIONS;
  if ((step.kind == Kind::kReady) != in) return "ready exactly where the officer is logged in";
  if (step.kind != Kind::kSendPin && step.kind != Kind::kAskReader) return nullptr;
  if (facts.session == CKS_RO_USER_FUNCTIONS || facts.session == CKS_RW_USER_FUNCTIONS)
    return "no PIN while the user is in";
  if (has(CKF_SO_PIN_LOCKED)) return "no PIN to a token where it is locked";
  if (has(CKF_SO_PIN_FINAL_TRY) && !facts.policy.allow_final_try) return "no PIN on the final try";
  if (facts.failed) return "no PIN after a login that failed in the action";
  if (facts.logins >= kMostLogins) return "a login is renewed twice at most";
  if (step.kind == Kind::kAskReader) return nullptr;
  if (facts.pins[step.pin].refused) return "no PIN that was refused";
  return facts.pins[step.pin].empty ? "no empty PIN" : nullptr;
}

TEST(LoginMachine, KeepsTheRulesForTheOfficersPin) {
  std::size_t sent = 0;
  for (const CK_STATE session : {CKS_RO_PUBLIC_SESSION, CKS_RO_USER_FUNCTIONS, CKS_RW_PUBLIC_SESSION,
                                 CKS_RW_USER_FUNCTIONS, CKS_RW_SO_FUNCTIONS}) {
    for (unsigned bits = 0; bits < 64; ++bits) {
      for (unsigned rest = 0; rest < 96; ++rest) {
        CK_FLAGS flags = CKF_LOGIN_REQUIRED;
        for (std::size_t i = 0; i < std::size(kOfficerFlags); ++i)
          flags |= (bits >> i & 1) != 0 ? kOfficerFlags[i] : 0;
        const PinFacts pin{
            .origin = PinOrigin::kPerson, .empty = (rest & 1) != 0, .refused = (rest & 2) != 0};
        const LoginFacts facts{.session = session,
                               .token = {.flags = flags, .min_length = 4, .user = CKU_SO},
                               .pins = {&pin, (rest & 4) != 0 ? 0U : 1U},
                               .failed = (rest & 8) != 0,
                               .logins = static_cast<int>(rest / 32) + 1,
                               .policy = {.allow_final_try = (rest & 16) != 0}};
        const LoginStep step = NextLoginStep(facts);
        sent += step.kind == Kind::kSendPin ? 1 : 0;
        const char* broken = BrokenOfficerRule(facts, step);
        if (broken != nullptr) FAIL() << broken << "; flags " << bits << ", rest " << rest;
      }
    }
  }
  EXPECT_GT(sent, 0u);
}

// Walk goes every way through one action: each C_Login may succeed, succeed and be undone, be refused, or
// fail in another way, and the state of the token may change before each step.
struct Walk {
  enum class Answer { kOk, kUndone, kRefused, kFailed };
  std::vector<PinFacts> pins;
  std::vector<int> values;  // of pins: the same number is the same PIN
  bool prompt = false;
  int ways = 0;

  struct State {
    std::vector<PinFacts> pins;
    std::vector<int> values;
    CK_STATE session = CKS_RO_PUBLIC_SESSION;
    bool asked = false;
    bool failed = false;
    int logins = 0;
    std::vector<int> sent_in_vain;
  };

  void Go(State state) {
    const LoginFacts facts{.session = state.session,
                           .token = {.flags = CKF_LOGIN_REQUIRED | CKF_USER_PIN_INITIALIZED, .min_length = 4},
                           .pins = state.pins,
                           .may_ask = prompt && !state.asked,
                           .failed = state.failed,
                           .logins = state.logins};
    const LoginStep step = NextLoginStep(facts);
    if (step.kind == Kind::kReady || step.kind == Kind::kFail) {
      ++ways;
      return;
    }
    if (step.kind == Kind::kAskPerson) {
      state.asked = true;
      Go(state);  // the person declines
      state.pins.push_back({.origin = PinOrigin::kPerson});
      state.values.push_back(7);
      Go(state);
      return;
    }
    ASSERT_EQ(step.kind, Kind::kSendPin);
    const int value = state.values[step.pin];
    ASSERT_THAT(state.sent_in_vain, ::testing::Not(::testing::Contains(value)));
    ASSERT_LT(state.logins, kMostLogins);
    for (const Answer answer : {Answer::kOk, Answer::kUndone, Answer::kRefused, Answer::kFailed}) {
      State next = state;
      if (answer == Answer::kOk) next.session = CKS_RO_USER_FUNCTIONS;
      if (answer == Answer::kOk || answer == Answer::kUndone) ++next.logins;
      if (answer == Answer::kRefused || answer == Answer::kFailed) {
        next.failed = true;
        next.sent_in_vain.push_back(value);
      }
      for (std::size_t i = 0; answer == Answer::kRefused && i < next.pins.size(); ++i) {
        if (next.values[i] == value) next.pins[i].refused = true;
      }
      Go(next);
    }
  }
};

TEST(LoginMachine, SendsNoFailedPinTwiceInAnAction) {
  int ways = 0;
  for (const bool prompt : {false, true}) {
    for (const bool kept_differs : {false, true}) {
      for (int given = 0; given < 3; ++given) {
        Walk walk{.prompt = prompt};
        Walk::State start;
        if (given > 0) {
          start.pins.push_back({.origin = PinOrigin::kSource});
          start.values.push_back(1);
        }
        if (given > 1) {
          start.pins.push_back({.origin = PinOrigin::kKept});
          start.values.push_back(kept_differs ? 2 : 1);
        }
        walk.Go(start);
        ways += walk.ways;
      }
    }
  }
  EXPECT_GT(ways, 50);
}

TEST(LoginMachine, EveryFailureHasAUniqueText) {
  std::set<std::string> details;
  Credentials credentials;
  for (int refusal = 0; refusal <= static_cast<int>(PinRefusal::kCountLow); ++refusal) {
    const LoginStep step{.why = LoginStep::Failure::kPin, .refusal = static_cast<PinRefusal>(refusal)};
    details.insert(LoginError(step, "token", credentials).detail());
  }
  for (int why = 0; why <= static_cast<int>(LoginStep::Failure::kUndoneTooOften); ++why) {
    details.insert(LoginError({.why = static_cast<LoginStep::Failure>(why)}, "token", credentials).detail());
  }
  EXPECT_EQ(details.size(), 6u + 5u);
  for (const PinRefusal refusal : {PinRefusal::kLocked, PinRefusal::kFinalTry, PinRefusal::kRefusedBefore}) {
    const LoginStep step{.why = LoginStep::Failure::kState, .refusal = refusal};
    EXPECT_THAT(OfficerLoginError(step, "token", "").detail(), ::testing::HasSubstr("security officer's"));
  }
}

}  // namespace
}  // namespace signet

// Every function that Signet calls x every code of the standard x first, second, tenth call x lasting, once,
// done but reported as failed x each path. SIGNET_SWEEP=all runs every case, SIGNET_SWEEP=N every Nth (5).
#include "awkward/paths.h"
#include "awkward/rules.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <p11-kit/p11-kit.h>

namespace signet::testing {
namespace {

// What is swept: the functions that the paths call.
const std::set<std::string> kSwept = {"C_Initialize",
                                      "C_Finalize",
                                      "C_GetInfo",
                                      "C_GetSlotList",
                                      "C_GetSlotInfo",
                                      "C_GetTokenInfo",
                                      "C_GetMechanismList",
                                      "C_OpenSession",
                                      "C_CloseSession",
                                      "C_GetSessionInfo",
                                      "C_Login",
                                      "C_FindObjectsInit",
                                      "C_FindObjects",
                                      "C_FindObjectsFinal",
                                      "C_GetAttributeValue",
                                      "C_SignInit",
                                      "C_Sign",
                                      "C_DecryptInit",
                                      "C_Decrypt",
                                      "C_DeriveKey",
                                      "C_CreateObject",
                                      "C_DestroyObject",
                                      "C_GenerateKeyPair",
                                      "C_InitToken",
                                      "C_InitPIN",
                                      "C_SetPIN"};

const std::set<std::string> kSendPins = {"C_Login", "C_SetPIN", "C_InitToken"};

constexpr Path kSweptPaths[] = {Path::kList,          Path::kOpen,     Path::kLoad,   Path::kSign,
                                Path::kDecrypt,       Path::kDerive,   Path::kStore,  Path::kNamed,
                                Path::kKeygen,        Path::kImport,   Path::kRemove, Path::kSetPin,
                                Path::kSetOfficerPin, Path::kResetPin, Path::kInit};

struct Case {
  std::string function;
  unsigned long code;
  std::uint64_t nth;
  int how;  // 0 lasting, 1 once, 2 done but reported as failed
  Path path;

  std::string Text() const {
    constexpr const char* kHow[] = {"lasting", "once", "done but reported as failed"};
    return fmt::format("{} = {:#x}, call {}, {}, {}", function, code, nth, kHow[how], NameOf(path));
  }
};

// The fault lasts for three actions: with everything available, without sessions, and without initialisation.
constexpr int kActions = 3;
void Before(MemoryModule& module, int action) {
  if (action == 1) module.DropSessions();
  if (action == 2) module.FinaliseByOthers();
}

// MayTakeOneMore: where the module said nothing better than that it failed, or that it is not initialised,
// one more action may fail before it is initialised again.
bool MayTakeOneMore(const Case& one) {
  for (const unsigned long code : {CKR_CRYPTOKI_NOT_INITIALIZED, CKR_GENERAL_ERROR, CKR_FUNCTION_FAILED,
                                   CKR_DEVICE_ERROR, CKR_DEVICE_MEMORY, CKR_HOST_MEMORY}) {
    if (one.code == code) return true;
  }
  return one.function == "C_Initialize" || one.function == "C_Finalize";
}

// Calls says how often each path calls each function if there is no fault.
std::map<std::pair<std::string, Path>, std::uint64_t> Calls() {
  std::map<std::pair<std::string, Path>, std::uint64_t> calls;
  MemoryModule module;
  const std::size_t token = module.AddToken();
  Fill(module, token, 0);
  for (const Path path : kSweptPaths) {
    User user(module, token, 0);
    EXPECT_TRUE(!UsesKeys(path) || user.TakeKeys().worked);
    module.ResetCalls();
    for (int action = 0; action < kActions; ++action) {
      Before(module, action);
      const Outcome outcome = user.Do(path);
      EXPECT_TRUE(outcome.worked) << NameOf(path) << ", action " << action << ": " << outcome.error;
    }
    for (const std::string& function : kSwept) calls[{function, path}] = module.Count(function);
  }
  return calls;
}

// Cases leaves out what cannot happen: the tenth call of a function that a path calls once.
std::vector<Case> Cases() {
  const auto calls = Calls();
  std::vector<Case> cases;
  for (const std::string& function : kSwept) {
    for (const unsigned long code : MemoryModule::AllCodes()) {
      for (const std::uint64_t nth : {1, 2, 10}) {
        for (int how = 0; how < 3; ++how) {
          for (const Path path : kSweptPaths) {
            if (calls.at({function, path}) >= nth) cases.push_back({function, code, nth, how, path});
          }
        }
      }
    }
  }
  return cases;
}

TEST(Sweep, HasARowForEveryFunctionThatIsCalled) {
  const std::regex named("(SIGNET_CK\\(|functions_?(?:\\(\\))?->)(C_[A-Za-z]+)");
  for (const auto& entry : std::filesystem::recursive_directory_iterator(SIGNET_SOURCE_DIRECTORY "/pkcs11")) {
    if (entry.path().extension() != ".cc") continue;
    std::ifstream file(entry.path());
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    for (std::sregex_iterator it(text.begin(), text.end(), named), end; it != end; ++it) {
      const std::string function = (*it)[2];
      if (function == "C_GetFunctionList") continue;
      EXPECT_TRUE(kSwept.contains(function)) << function << " of " << entry.path() << " has no row";
    }
  }
}

TEST(Sweep, ReachesEveryFunctionThatHasARow) {
  const auto calls = Calls();
  for (const std::string& function : kSwept) {
    const auto is_called = [&](Path path) { return calls.at({function, path}) != 0; };
    EXPECT_TRUE(std::ranges::any_of(kSweptPaths, is_called)) << function;
  }
}

// SaysThatThePinIsWrong: a PIN that the token refused must not be sent again, so that the end of the fault
// does not heal it.
bool SaysThatThePinIsWrong(const Case& one) {
  if (!kSendPins.contains(one.function)) return false;
  for (const unsigned long code :
       {CKR_PIN_INCORRECT, CKR_PIN_INVALID, CKR_PIN_LEN_RANGE, CKR_PIN_LOCKED, CKR_PIN_EXPIRED}) {
    if (one.code == code) return true;
  }
  return false;
}

// The cases are dealt out to shards, so that several run at a time.
constexpr std::size_t kShards = 4;
class SweepShard : public ::testing::TestWithParam<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(Sweep, SweepShard, ::testing::Range<std::size_t>(0, kShards));

TEST_P(SweepShard, TokenIsUsableAgainAfterEveryFault) {
  const std::vector<Case> cases = Cases();
  const char* const wish = std::getenv("SIGNET_SWEEP");
  const bool all = wish != nullptr && std::string_view(wish) == "all";
  const std::size_t every = all               ? 1
                            : wish == nullptr ? 5
                                              : std::max<std::size_t>(1, std::strtoul(wish, nullptr, 10));
  const std::size_t step = kShards * every;
  MemoryModule module;
  std::size_t run = 0;
  std::size_t hit = 0;
  std::size_t failed = 0;
  std::set<std::string> called;
  for (std::size_t i = GetParam(); i < cases.size(); i += step) {
    const Case& one = cases[i];
    module.Clear();
    const std::size_t token =
        module.AddToken({.label = "card", .serial = fmt::format("s{}", i), .pin = "1111", .tries = 10});
    Fill(module, token, 0);
    User user(module, token, 0);
    std::string why;
    if (UsesKeys(one.path)) {
      const Outcome keys = user.TakeKeys();
      if (!keys.worked) why = "keys before the fault: " + keys.error;
    }
    module.Set({.faults = {{.function = one.function,
                            .result = one.code,
                            .nth = one.nth,
                            .times = one.how == 0 ? 0u : 1u,
                            .after = one.how == 2}}});
    for (int action = 0; action < kActions && why.empty(); ++action) {
      Before(module, action);
      const Outcome outcome = user.Do(one.path);
      if (outcome.wrong && (UsesKeys(one.path) || ChangesToken(one.path)))
        why = "during the fault: " + outcome.error;
    }
    hit += module.disturbed() != 0 ? 1 : 0;
    module.Calm();
    if (why.empty() && !SaysThatThePinIsWrong(one)) {
      Outcome last;
      for (int action = 0; action < (MayTakeOneMore(one) ? 2 : 1) && !last.worked; ++action) {
        last = user.Do(one.path);
      }
      if (!last.worked) why = "after the fault: " + last.error;
    }
    for (const std::string& rule :
         BrokenRules(module.Calls(), {.most_logins = ChangesToken(one.path) ? 9 : 3}))
      why += (why.empty() ? "" : "; ") + rule;
    for (const MemoryCall& call : module.Calls()) called.insert(std::string(call.function));
    ++run;
    if (why.empty()) continue;
    if (++failed <= 40) ADD_FAILURE() << "case " << i << ": " << one.Text() << ": " << why;
  }
  for (const std::string& function : called)
    EXPECT_TRUE(kSwept.contains(function)) << function << " has no row";
  std::printf("%zu cases of %zu, %zu with the fault hit, %zu failed\n", run, cases.size(), hit, failed);
  EXPECT_GT(hit, run * 9 / 10) << "the faults do not reach the calls";
}

}  // namespace
}  // namespace signet::testing

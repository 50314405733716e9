// Every function that Signet calls x every code of the standard x first, second, tenth call x lasting, once,
// done but reported as failed x each path. SIGNET_SWEEP=all runs every case, otherwise a fixed sample.
#include "awkward/paths.h"
#include "awkward/rules.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <p11-kit/p11-kit.h>

namespace signet::testing {
namespace {

// What is swept: the functions that the paths call.
const std::set<std::string> kSwept = {
    "C_Initialize",  "C_GetInfo",          "C_GetSlotList",       "C_GetTokenInfo",  "C_GetMechanismList",
    "C_OpenSession", "C_CloseSession",     "C_GetSessionInfo",    "C_Login",         "C_FindObjectsInit",
    "C_FindObjects", "C_FindObjectsFinal", "C_GetAttributeValue", "C_SignInit",      "C_Sign",
    "C_DecryptInit", "C_Decrypt",          "C_DeriveKey",         "C_DestroyObject", "C_GetSlotInfo",
    "C_Finalize"};
// What only administration calls, through a module object of its own today.
const std::set<std::string> kOfAdministration = {
    "C_CreateObject",   "C_GenerateKeyPair",   "C_InitToken",     "C_InitPIN", "C_SetPIN",
    "C_GenerateRandom", "C_SetAttributeValue", "C_GetObjectSize", "C_Logout"};

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

std::vector<Case> Cases() {
  std::vector<Case> cases;
  for (const std::string& function : kSwept) {
    for (const unsigned long code : MemoryModule::AllCodes()) {
      for (const std::uint64_t nth : {1, 2, 10}) {
        for (int how = 0; how < 3; ++how) {
          for (const Path path : kPaths) cases.push_back({function, code, nth, how, path});
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
      EXPECT_TRUE(kSwept.contains(function) || kOfAdministration.contains(function))
          << function << " of " << entry.path() << " has no row";
    }
  }
}

// SaysThatThePinIsWrong: a PIN that the token refused must not be sent again, so that the end of the fault
// does not heal it.
bool SaysThatThePinIsWrong(const Case& one) {
  if (one.function != "C_Login") return false;
  for (const unsigned long code :
       {CKR_PIN_INCORRECT, CKR_PIN_INVALID, CKR_PIN_LEN_RANGE, CKR_PIN_LOCKED, CKR_PIN_EXPIRED}) {
    if (one.code == code) return true;
  }
  return false;
}

TEST(Sweep, TokenIsUsableAgainAfterEveryFault) {
  const std::vector<Case> cases = Cases();
  const char* const wish = std::getenv("SIGNET_SWEEP");
  const bool all = wish != nullptr && std::string_view(wish) == "all";
  // A prime step visits every function, code, number, way and path in turn.
  const std::size_t step = all ? 1 : 11;
  MemoryModule module;
  std::size_t run = 0;
  std::size_t hit = 0;
  std::size_t failed = 0;
  std::set<std::string> called;
  for (std::size_t i = 0; i < cases.size(); i += step) {
    const Case& one = cases[i];
    module.Clear();
    const std::size_t token =
        module.AddToken({.label = "card", .serial = fmt::format("s{}", i), .pin = "1111", .tries = 10});
    Fill(module, token, 0);
    User user(module, token, 0);
    std::string why;
    if (one.path >= Path::kSign) {
      const Outcome keys = user.TakeKeys();
      if (!keys.worked) why = "keys before the fault: " + keys.error;
    }
    module.Set({.faults = {{.function = one.function,
                            .result = one.code,
                            .nth = one.nth,
                            .times = one.how == 0 ? 0u : 1u,
                            .after = one.how == 2}}});
    for (std::uint64_t action = 1; action <= 2 && why.empty(); ++action) {
      module.BeginAction(action);
      const Outcome outcome = user.Do(one.path);
      if (outcome.wrong && one.path >= Path::kSign) why = "during the fault: " + outcome.error;
    }
    hit += module.disturbed() != 0 ? 1 : 0;
    module.Calm();
    if (why.empty() && !SaysThatThePinIsWrong(one)) {
      Outcome last;
      for (std::uint64_t action = 3; action <= 4 && !last.worked; ++action) {
        module.BeginAction(action);
        last = user.Do(one.path);
      }
      if (!last.worked) why = "after the fault: " + last.error;
    }
    for (const std::string& rule : BrokenRules(module.Calls())) why += (why.empty() ? "" : "; ") + rule;
    for (const MemoryCall& call : module.Calls()) called.insert(std::string(call.function));
    ++run;
    if (why.empty()) continue;
    if (++failed <= 40) ADD_FAILURE() << "case " << i << ": " << one.Text() << ": " << why;
  }
  for (const std::string& function : called)
    EXPECT_TRUE(kSwept.contains(function)) << function << " has no row";
  std::printf("%zu cases of %zu, %zu with the fault hit, %zu failed\n", run, cases.size(), hit, failed);
  EXPECT_GT(hit, run / 10);
}

}  // namespace
}  // namespace signet::testing

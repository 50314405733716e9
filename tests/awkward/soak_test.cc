// Many threads on one token while others disturb it. SIGNET_SOAK=full runs 100,000 operations and 10 s,
// SIGNET_SEED=N draws other faults.
#include "awkward/paths.h"
#include "awkward/rules.h"
#include "pkcs11/world.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include <dlfcn.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>
#include <p11-kit/p11-kit.h>
#include <unistd.h>

namespace signet::testing {
namespace {

using namespace std::chrono_literals;

// Seed says which faults are drawn.
std::uint64_t Seed() {
  const char* const wish = std::getenv("SIGNET_SEED");
  return wish != nullptr ? std::strtoull(wish, nullptr, 0) : 1;
}

bool Full() {
  const char* const wish = std::getenv("SIGNET_SOAK");
  return wish != nullptr && std::string_view(wish) == "full";
}

std::size_t Descriptors() {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator("/proc/self/fd"),
                                                std::filesystem::directory_iterator()));
}

long ResidentKib() {
  std::ifstream file("/proc/self/statm");
  long size = 0;
  long resident = 0;
  file >> size >> resident;
  return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

bool Contains(const std::vector<unsigned long>& codes, unsigned long code) {
  return std::ranges::find(codes, code) != codes.end();
}

// HasItsCause: the error carries a code that was injected into a call of this very operation, or says that
// the token is absent while it was taken out. Operations recover from all other faults, except those of their
// C_Login: a PIN is not sent again.
bool HasItsCause(const Outcome& outcome) {
  const MemoryCauses& causes = outcome.causes;
  if (outcome.module_said_it && Contains(causes.injected, outcome.native)) return true;
  if (outcome.code == ErrorCode::kTokenAbsent) return causes.token_out || causes.events.removals > 0;
  if (outcome.call != "C_Login") return false;
  return (outcome.native == CKR_SESSION_HANDLE_INVALID || outcome.native == CKR_SESSION_CLOSED ||
          outcome.native == CKR_CRYPTOKI_NOT_INITIALIZED) &&
         causes.events.finalisations > 0;
}

std::string Text(const Outcome& outcome) {
  const MemoryEvents& events = outcome.causes.events;
  return fmt::format("{}; injected: {:#x}; {} logouts, {} removals, {} renumberings, {} finalisations{}",
                     outcome.error, fmt::join(outcome.causes.injected, ", "), events.logouts, events.removals,
                     events.renumberings, events.finalisations,
                     outcome.causes.token_out ? "; the token was out" : "");
}

TEST(Soak, EightThreadsSurviveFaultsLogoutsRemovalsAndForks) {
  constexpr int kThreads = 8;
  const int operations = Full() ? 100'000 : 4'000;
  const int removal_every = Full() ? 5'000 : 500;
  MemoryModule module;
  module.Record(false);
  const std::size_t token = module.AddToken({.label = "card", .serial = "soak", .pin = "1111"});
  Fill(module, token, 0);
  std::vector<std::unique_ptr<User>> users;
  Settings settings;
  for (int i = 0; i < kThreads; ++i) {
    users.push_back(std::make_unique<User>(module, token, 0, settings));
    const Outcome keys = users.back()->TakeKeys();
    ASSERT_TRUE(keys.worked) << keys.error;
  }
  std::atomic<int> begun{0};
  std::atomic<int> succeeded{0};
  std::atomic<int> explained{0};
  std::atomic<int> unexplained{0};
  std::atomic<int> wrong{0};
  std::atomic<long> warm_memory{0};
  std::atomic<std::size_t> warm_descriptors{0};
  std::mutex mutex;
  std::map<std::string, int> reasons;
  module.Disturb({.seed = Seed(),
                  .per_mille = 2,
                  .any_code = true,
                  .logout = false,
                  .removal = false,
                  .finalise = false,
                  .sessions = false});
  std::atomic<bool> stop{false};
  std::thread foreigner([&] {
    while (!stop) {
      std::this_thread::sleep_for(50ms);
      module.LogOut(token);
    }
  });
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (int number = ++begun; number <= operations; number = ++begun) {
        if (number % removal_every == 0) {
          module.Remove(token);
          std::this_thread::yield();
          module.Insert(token, 0);
        }
        if (number == operations / 4) {
          warm_memory = ResidentKib();
          warm_descriptors = Descriptors();
        }
        constexpr Path kMix[] = {Path::kSign,   Path::kSign, Path::kSign,
                                 Path::kDerive, Path::kLoad, Path::kDecrypt};
        const Outcome outcome = users[static_cast<std::size_t>(i)]->Do(kMix[number % 6]);
        if (outcome.worked) {
          ++succeeded;
        } else if (outcome.wrong) {
          ++wrong;
          const std::lock_guard lock(mutex);
          ++reasons["WRONG " + outcome.error];
        } else {
          const bool has_cause = HasItsCause(outcome);
          ++(has_cause ? explained : unexplained);
          {
            const std::lock_guard lock(mutex);
            ++reasons[has_cause ? outcome.error : "NO CAUSE: " + Text(outcome)];
          }
          // As a program does that waits for the token; else most operations would be of this moment.
          if (outcome.code == ErrorCode::kTokenAbsent) std::this_thread::sleep_for(2ms);
        }
      }
    });
  }
  for (int i = 0; i < 2; ++i) {
    while (begun < operations * (i + 1) / 3) std::this_thread::sleep_for(1ms);
    EXPECT_TRUE(InChild([&] {
      module.Calm();
      module.Insert(token, 0);  // it may be out at this moment
      Outcome outcome = users[0]->Do(Path::kSign);
      if (!outcome.worked) std::fprintf(stderr, "in the child: %s\n", outcome.error.c_str());
      return outcome.worked;
    })) << "fork "
        << i;
  }
  for (std::thread& thread : threads) thread.join();
  stop = true;
  foreigner.join();
  module.Calm();
  for (const auto& user : users) {
    for (const Path path :
         {Path::kSign, Path::kSign, Path::kSign, Path::kDecrypt, Path::kDerive, Path::kLoad}) {
      const Outcome outcome = user->Do(path);
      EXPECT_TRUE(outcome.worked) << NameOf(path) << ": " << outcome.error;
    }
  }
  std::printf(
      "%d operations: %d succeeded, %d failed with a cause, %d without, %d wrong; memory %ld -> %ld KiB, "
      "descriptors %zu -> %zu\n",
      operations, succeeded.load(), explained.load(), unexplained.load(), wrong.load(), warm_memory.load(),
      ResidentKib(), warm_descriptors.load(), Descriptors());
  int shown = 0;
  for (const auto& [reason, times] : reasons) {
    if (++shown <= 30) std::printf("  %d x %s\n", times, reason.c_str());
  }
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(unexplained, 0);
  EXPECT_EQ(succeeded + explained, operations);
  EXPECT_LE(Descriptors(), warm_descriptors + 2);
#ifndef __SANITIZE_ADDRESS__  // which keeps what was freed, and looks for leaks itself
  EXPECT_LE(ResidentKib(), warm_memory + 4096);
#endif
}

TEST(Soak, SoftHsmSurvivesForeignLogouts) {
  const int scale = Full() ? 10 : 2;
  SoftHsm hsm;
  TestPki pki;
  hsm.Import(pki.Issue({}), {});
  hsm.UseInThisProcess();
  Settings settings;
  settings.modules = {SoftHsm::module_path()};
  Pkcs11Source source(settings);
  const auto key = LoadKey(source, hsm.ObjectUri("\x01", true));
  ASSERT_TRUE(Signs(*key));
  // Another part of the program: the same module and the same login, by sessions of its own.
  void* const handle = dlopen(SoftHsm::module_path().c_str(), RTLD_NOW);
  CK_FUNCTION_LIST* p11 = nullptr;
  reinterpret_cast<CK_C_GetFunctionList>(dlsym(handle, "C_GetFunctionList"))(&p11);
  std::atomic<bool> stop{false};
  std::atomic<int> logouts{0};
  std::thread foreigner([&] {
    CK_SLOT_ID slots[8];
    CK_ULONG count = 8;
    p11->C_GetSlotList(CK_TRUE, slots, &count);
    CK_SESSION_HANDLE session = 0;
    p11->C_OpenSession(slots[0], CKF_SERIAL_SESSION, nullptr, nullptr, &session);
    while (!stop) {
      std::this_thread::sleep_for(20ms);
      if (p11->C_Logout(session) == CKR_OK) ++logouts;
    }
    p11->C_CloseSession(session);
  });
  int signatures = 0;
  int opens = 0;
  int failures = 0;
  std::string why;
  // However busy the machine is: until enough has happened.
  const auto enough = [&] {
    return logouts >= 40 * scale && signatures >= 100 * scale && opens >= 10 * scale;
  };
  const auto end = std::chrono::steady_clock::now() + 120s;
  while (!enough() && std::chrono::steady_clock::now() < end) {
    try {
      for (int i = 0; i < 20; ++i) signatures += Signs(*key) ? 1 : 0;
      opens += LoadKey(source, hsm.ObjectUri("\x01", true)) != nullptr ? 1 : 0;
    } catch (const std::exception& error) {
      ++failures;
      why = error.what();
    }
  }
  stop = true;
  foreigner.join();
  EXPECT_TRUE(Signs(*key));
  std::printf("%d logouts, %d signatures, %d fresh opens, %d failures %s\n", logouts.load(), signatures,
              opens, failures, why.c_str());
  EXPECT_TRUE(enough());
}

}  // namespace
}  // namespace signet::testing

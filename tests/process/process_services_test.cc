#include "process/exit_handler.h"
#include "process/fork_generation.h"
#include "process/fork_local.h"
#include "process/refused_pin_ledger.h"
#include "process/turns.h"

#include <atomic>
#include <cstdio>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <dlfcn.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

static std::atomic<int> registrations{0};

// The library calls this one, which counts, and not the C library's.
extern "C" int on_exit(void (*function)(int, void*), void* argument) noexcept {
  ++registrations;
  static const auto real = reinterpret_cast<decltype(&on_exit)>(dlsym(RTLD_NEXT, "on_exit"));
  return real(function, argument);
}

namespace signet {
namespace {

// StatusOfChild gives the exit status of a child that runs `work` and then exits as a program does.
int StatusOfChild(const std::function<int()>& work) {
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    std::exit(work());
  }
  int status = -1;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

TEST(ForkGeneration, DiffersInChildrenAndStaysInTheParent) {
  const auto mine = ForkGeneration();
  EXPECT_EQ(
      StatusOfChild([mine] {
        const auto own = ForkGeneration();
        if (own == mine) return 1;
        return StatusOfChild([=] { return ForkGeneration() != own && ForkGeneration() != mine ? 0 : 2; });
      }),
      0);
  EXPECT_EQ(ForkGeneration(), mine);
}

TEST(ForkLocal, IsFreshInAChildEvenWhenTheParentHoldsItsMutex) {
  struct Held {
    std::mutex mutex;
    int number = 0;
  };
  ForkLocal<Held> local;
  EXPECT_EQ(local.IfMade(), nullptr);
  local.Get().number = 7;
  const std::lock_guard lock(local.Get().mutex);
  EXPECT_EQ(StatusOfChild([&local] {
              if (local.IfMade() != nullptr) return 1;
              const std::lock_guard own(local.Get().mutex);
              return local.Get().number;
            }),
            0);
  EXPECT_EQ(local.Get().number, 7);
}

TEST(ForkLocal, IsMadeOnceByManyThreads) {
  for (int round = 0; round < 50; ++round) {
    ForkLocal<std::atomic<int>> local;
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < 8; ++i) threads.emplace_back([&local] { ++local.Get(); });
    }
    ASSERT_EQ(local.Get().load(), 8);
  }
}

TEST(Turns, OnlyOneThreadIsInside) {
  Turns turns;
  std::atomic<int> inside{0};
  std::atomic<int> passed{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        for (int n = 0; n < 100; ++n) {
          const Turns::Turn turn(turns);
          EXPECT_EQ(++inside, 1);
          ++passed;
          --inside;
        }
      });
    }
  }
  EXPECT_EQ(passed, 800);
}

TEST(ExitHandler, RunsOnceWhenItDies) {
  int runs = 0;
  {
    const ExitHandler handler([&runs] { ++runs; });
  }
  EXPECT_EQ(runs, 1);
}

TEST(ExitHandler, RunsAtExitInReverseOrderAndSaysThatTheProcessIsExiting) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  EXPECT_EQ(StatusOfChild([&] {
              static std::vector<std::unique_ptr<ExitHandler>> handlers;  // dies after the exit handlers ran
              for (const char* name : {"a", "b", "c"}) {
                handlers.push_back(std::make_unique<ExitHandler>([&ends, name] {
                  [[maybe_unused]] auto written = write(ends[1], ProcessIsExiting() ? name : "?", 1);
                }));
              }
              return ProcessIsExiting() ? 1 : 0;
            }),
            0);
  char said[8] = {};
  ASSERT_EQ(read(ends[0], said, sizeof said), 3);
  EXPECT_STREQ(said, "cba");
  close(ends[0]);
  close(ends[1]);
}

TEST(ExitHandler, TakesOneRegistrationForEachLibraryHoweverManyHandlersThereAre) {
  const int before = registrations;
  for (int i = 0; i < 100; ++i) {
    const ExitHandler handler([] {});
    ExitHandler::RunBefore("library a");
    ExitHandler::RunBefore("library b");
  }
  EXPECT_LE(registrations - before, 3);
}

TEST(ExitHandler, DoesNotRunInAForkedChild) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  auto handler =
      std::make_unique<ExitHandler>([&ends] { [[maybe_unused]] auto written = write(ends[1], "x", 1); });
  EXPECT_EQ(StatusOfChild([] { return 0; }), 0);
  EXPECT_EQ(StatusOfChild([&handler] {
              handler.reset();
              return 0;
            }),
            0);
  close(ends[1]);
  char byte = 0;
  EXPECT_EQ(read(ends[0], &byte, 1), 0);
  ends[1] = open("/dev/null", 1);
  handler.reset();
  close(ends[1]);
  close(ends[0]);
}

TEST(RefusedPinLedger, RemembersByTokenAndPinUntilThePinIsAccepted) {
  const Secret pin("1111");
  EXPECT_FALSE(RefusedPinLedger::WasRefused("serial-a", pin));
  RefusedPinLedger::Refused("serial-a", pin);
  EXPECT_TRUE(RefusedPinLedger::WasRefused("serial-a", pin));
  EXPECT_FALSE(RefusedPinLedger::WasRefused("serial-b", pin));
  EXPECT_FALSE(RefusedPinLedger::WasRefused("serial-a", Secret("1112")));
  EXPECT_FALSE(RefusedPinLedger::WasRefused("serial-a", Secret()));
  RefusedPinLedger::Accepted("serial-a", pin);
  EXPECT_FALSE(RefusedPinLedger::WasRefused("serial-a", pin));
}

TEST(RefusedPinLedger, IsSharedByParentChildrenAndSiblings) {
  RefusedPinLedger::Prepare();
  const Secret pin("2222");
  EXPECT_EQ(StatusOfChild([&pin] {
              RefusedPinLedger::Refused("family", pin);
              return 0;
            }),
            0);
  EXPECT_TRUE(RefusedPinLedger::WasRefused("family", pin));
  EXPECT_EQ(StatusOfChild([&pin] { return RefusedPinLedger::WasRefused("family", pin) ? 0 : 1; }), 0);
}

TEST(RefusedPinLedger, ForgetsTheOldestWhenItIsFull) {
  for (int i = 0; i < 300; ++i) RefusedPinLedger::Refused("full", Secret(std::to_string(i)));
  EXPECT_FALSE(RefusedPinLedger::WasRefused("full", Secret("0")));
  EXPECT_TRUE(RefusedPinLedger::WasRefused("full", Secret("299")));
  EXPECT_TRUE(RefusedPinLedger::WasRefused("full", Secret("100")));
}

TEST(RefusedPinLedger, ThreadsMayUseItAtOnce) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([i] {
      for (int n = 0; n < 20; ++n) {
        const Secret pin(std::to_string(n % 4));
        RefusedPinLedger::Refused("threads" + std::to_string(i), pin);
        EXPECT_TRUE(RefusedPinLedger::WasRefused("threads" + std::to_string(i), pin));
      }
    });
  }
}

}  // namespace
}  // namespace signet

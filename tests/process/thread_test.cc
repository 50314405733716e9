#include "process/thread.h"

#include "process/workers.h"

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <latch>
#include <thread>

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

namespace signet {
namespace {

using std::chrono::milliseconds;

// Library behaves as libcrypto does: it has something of each thread that used it, which the thread's end
// gives back to what the process's exit takes away.
struct Library {
  static inline std::atomic<bool> gone{false};
  static inline std::atomic<int> threads{0};

  Library() {
    pthread_key_create(&key, [](void*) {
      std::this_thread::sleep_for(milliseconds(100));
      if (gone) _exit(3);
      --threads;
    });
    std::atexit([] {
      gone = true;
      std::this_thread::sleep_for(milliseconds(400));
      if (threads < 0) _exit(4);
    });
  }

  void Use() const {
    ++threads;
    pthread_setspecific(key, this);
  }

  pthread_key_t key = 0;
};

// StatusOfChild tells how a child ends in which `run` was done.
int StatusOfChild(const std::function<void()>& run) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    run();
    std::exit(0);
  }
  int status = -1;
  waitpid(child, &status, 0);
  return status;
}

TEST(Thread, ExitWaitsForThoseThatEnd) {
  EXPECT_EQ(StatusOfChild([] {
              static const Library library;
              static std::latch used(3);
              for (int i = 0; i < 3; ++i) {
                EXPECT_TRUE(StartThread([] {
                  library.Use();
                  used.count_down();
                }));
              }
              used.wait();
              std::this_thread::sleep_for(milliseconds(50));
            }),
            0);
}

TEST(Thread, NoneEndsOnceExitHasBegun) {
  EXPECT_EQ(StatusOfChild([] {
              static const Library library;
              static std::latch used(2);
              static Workers workers;
              for (int i = 0; i < 2; ++i) {
                workers.Run(
                    [] {
                      library.Use();
                      used.arrive_and_wait();
                    },
                    2);
              }
              used.wait();
              std::this_thread::sleep_for(milliseconds(50));
            }),
            0);
}

TEST(Thread, ThatEndsSlowlyDoesNotKeepTheProcess) {
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(StatusOfChild([] {
              static pthread_key_t key;
              pthread_key_create(&key, [](void*) {
                for (;;) pause();
              });
              static std::latch used(1);
              StartThread([] {
                pthread_setspecific(key, &key);
                used.count_down();
              });
              used.wait();
              std::this_thread::sleep_for(milliseconds(50));
            }),
            0);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(20));
}

TEST(Thread, OfAParentIsNotAwaitedByItsChild) {
  std::latch ended(1);
  ASSERT_TRUE(StartThread([&ended] { ended.count_down(); }));
  ended.wait();
  std::this_thread::sleep_for(milliseconds(50));
  EXPECT_EQ(StatusOfChild([] {
              static std::latch own(1);
              StartThread([] { own.count_down(); });
              own.wait();
            }),
            0);
}

}  // namespace
}  // namespace signet

#include "process/workers.h"

#include "process/fork_local.h"

#include <atomic>
#include <condition_variable>
#include <latch>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace signet {
namespace {

using std::chrono::milliseconds;

TEST(Workers, MakeNoThreadBeforeTheFirstJob) {
  const Workers workers;
  EXPECT_EQ(workers.threads(), 0u);
}

TEST(Workers, RunAsManyJobsAtATimeAsTheBoundAllows) {
  Workers workers;
  std::mutex mutex;
  int inside = 0;
  int most = 0;
  std::latch done(40);
  std::latch gathered(4);
  for (int i = 0; i < 40; ++i) {
    workers.Run(
        [&, i] {
          {
            const std::lock_guard lock(mutex);
            most = std::max(most, ++inside);
          }
          if (i < 4) gathered.arrive_and_wait();  // they do run at a time
          {
            const std::lock_guard lock(mutex);
            --inside;
          }
          done.count_down();
        },
        4);
  }
  done.wait();
  EXPECT_EQ(most, 4);
  EXPECT_LE(workers.threads(), 4u);
}

TEST(Workers, OneThreadServesJobsThatComeOneAfterTheOther) {
  Workers workers;
  std::set<std::thread::id> threads;
  for (int i = 0; i < 10; ++i) {
    std::latch done(1);
    workers.Run(
        [&] {
          threads.insert(std::this_thread::get_id());
          done.count_down();
        },
        1);
    done.wait();
  }
  EXPECT_EQ(threads.size(), 1u);
  EXPECT_FALSE(threads.contains(std::this_thread::get_id()));
}

TEST(Workers, TakeNoSignals) {
  Workers workers;
  sigset_t blocked;
  std::latch done(1);
  workers.Run(
      [&] {
        pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
        done.count_down();
      },
      1);
  done.wait();
  for (const int signal : {SIGINT, SIGTERM, SIGALRM, SIGCHLD}) EXPECT_EQ(sigismember(&blocked, signal), 1);
  sigset_t ours;
  pthread_sigmask(SIG_SETMASK, nullptr, &ours);
  EXPECT_EQ(sigismember(&ours, SIGTERM), 0);
}

TEST(Workers, MayEndWhileJobsRunAndInsideOfAJob) {
  std::latch done(3);
  {
    Workers workers;
    for (int i = 0; i < 2; ++i) workers.Run([&] { done.count_down(); }, 1);
  }
  auto own = std::make_shared<Workers>();
  own->Run([own, &done] { done.count_down(); }, 1);
  own.reset();
  done.wait();
}

TEST(Workers, AChildMakesItsOwn) {
  ForkLocal<Workers> workers;
  std::latch first(1);
  workers.Get().Run([&] { first.count_down(); }, 1);
  first.wait();
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    if (workers.Get().threads() != 0) _exit(2);
    std::latch own(1);
    workers.Get().Run([&] { own.count_down(); }, 1);
    own.wait();
    exit(workers.Get().threads() == 1 ? 0 : 3);
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST(Workers, AJobThatHangsDoesNotKeepTheProcess) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    static Workers workers;
    std::latch begun(1);
    workers.Run(
        [&] {
          begun.count_down();
          for (;;) pause();
        },
        1);
    begun.wait();
    workers.Run([] { _exit(4); }, 1);  // waits for the other, and so never runs
    exit(0);
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST(Workers, WhereTheSystemGivesNoThreadTheCallerDoesTheJob) {
  if (geteuid() == 0) GTEST_SKIP() << "root is given threads without limit";
  const pid_t child = fork();
  if (child == 0) {
    const rlimit none{0, 0};
    setrlimit(RLIMIT_NPROC, &none);
    Workers workers;
    bool done = false;
    workers.Run([&] { done = true; }, 4);
    _exit(done ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace signet

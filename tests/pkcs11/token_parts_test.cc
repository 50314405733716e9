// The parts of a token that only decide or keep books, without a module.
#include "pkcs11/module/ladder.h"
#include "pkcs11/module/renewal_pause.h"
#include "pkcs11/token/session_pool.h"
#include "pkcs11/world.h"

#include <atomic>
#include <set>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace signet {
namespace {

using namespace std::chrono_literals;
using Clock = SessionPool::Clock;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr auto kNever = Clock::time_point::min();

SessionPool::Grant Opened(SessionPool& pool, CK_SESSION_HANDLE session) {
  SessionPool::Grant grant = pool.Take(false);
  EXPECT_FALSE(grant.session);
  grant.session = session;
  pool.Opened();
  return grant;
}

TEST(SessionPool, ClosesIdleSessionsWhenAnotherIsGivenBackButKeepsTheOneUsedLast) {
  SessionPool pool;
  const auto start = Clock::now();
  const SessionPool::Grant grants[] = {Opened(pool, 1), Opened(pool, 2), Opened(pool, 3)};
  for (std::size_t i = 0; i < 3; ++i)
    EXPECT_THAT(pool.Give(grants[i], true, start + i * 1s, kNever), IsEmpty());
  const SessionPool::Grant last = pool.Take(false);
  EXPECT_EQ(last.session, 3u) << "the one used last";
  EXPECT_THAT(pool.Give(last, true, start + 10s, start), ElementsAre(1u));
  const SessionPool::Grant again = pool.Take(false);
  EXPECT_THAT(pool.Give(again, true, start + 200s, start + 200s), ElementsAre(2u)) << "the login stays";
}

TEST(SessionPool, ServesCallersInTheOrderInWhichTheyCame) {
  SessionPool pool;
  pool.SetLimit(1);
  const SessionPool::Grant only = Opened(pool, 1);
  std::vector<int> order;  // written by the holder of the only session
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    std::atomic<pid_t> id{0};
    threads.emplace_back([&pool, &order, &id, i] {
      id = gettid();
      const auto grant = pool.Take(i % 3 == 2);  // some exclusively
      order.push_back(i);
      pool.Give(grant, true, Clock::now(), kNever);
    });
    while (id == 0 || !testing::Sleeps(id)) std::this_thread::yield();
  }
  pool.Give(only, true, Clock::now(), kNever);
  threads.clear();
  EXPECT_THAT(order, ElementsAre(0, 1, 2, 3, 4, 5, 6, 7));
}

TEST(SessionPool, AsksAFullTokenForNoMoreThanItHasAndTriesAgainLater) {
  SessionPool pool;
  const SessionPool::Grant first = Opened(pool, 1);
  const SessionPool::Grant second = pool.Take(false);
  EXPECT_TRUE(pool.NotOpened(second, true, Clock::now()));
  EXPECT_EQ(pool.limit(), 1u);
  pool.Give(first, true, Clock::now(), kNever);
  EXPECT_EQ(pool.Take(false).session, 1u);
  const SessionPool::Grant third = [&] {
    SessionPool other;
    Opened(other, 1);
    const SessionPool::Grant refused = other.Take(false);
    other.NotOpened(refused, true, Clock::now() - SessionPool::kFullTime);
    EXPECT_EQ(other.limit(), SIZE_MAX) << "sessions of other programs were closed meanwhile, perhaps";
    return other.Take(false);
  }();
  EXPECT_FALSE(third.session);
}

TEST(SessionPool, ARenewedEpochClosesIdleAndReturnedSessions) {
  SessionPool pool;
  const SessionPool::Grant idle = Opened(pool, 1);
  const SessionPool::Grant held = Opened(pool, 2);
  pool.Give(idle, true, Clock::now(), kNever);
  const auto closing = pool.Renew(held.epoch);
  ASSERT_TRUE(closing);
  EXPECT_THAT(*closing, ElementsAre(1u));
  EXPECT_FALSE(pool.Renew(held.epoch)) << "only the first to notice renews";
  EXPECT_NE(pool.handles(), held.handles);
  EXPECT_THAT(pool.Give(held, true, Clock::now(), kNever), ElementsAre(2u));
  EXPECT_TRUE(pool.Closing(2));
}

TEST(SessionPool, ForgottenHandlesLeaveSessionsAndLogin) {
  SessionPool pool;
  const SessionPool::Grant grant = Opened(pool, 1);
  pool.ForgetHandles(grant.handles);
  pool.ForgetHandles(grant.handles);
  EXPECT_EQ(pool.handles(), grant.handles + 1) << "once for the same loss";
  EXPECT_EQ(pool.epoch(), grant.epoch);
  EXPECT_THAT(pool.Give(grant, true, Clock::now(), kNever), IsEmpty());
}

TEST(SessionPool, ASessionThatIsBeingOpenedHoldsNoLogin) {
  SessionPool pool;
  const SessionPool::Grant spoilt = Opened(pool, 1);
  const SessionPool::Grant being_opened = pool.Take(false);
  EXPECT_THAT(pool.Give(spoilt, false, Clock::now(), kNever), ElementsAre(1u));
  EXPECT_TRUE(pool.Closing(1)) << "the token may log out before the other is open";
  pool.Closed(1);
  pool.Opened();
  const SessionPool::Grant third = Opened(pool, 3);
  EXPECT_NE(third.epoch, being_opened.epoch);
  EXPECT_FALSE(pool.Closing(1)) << "the second one is open";
}

std::vector<Rung> Climb(const Ladder::Failure& failure) {
  std::vector<Rung> rungs;
  for (Ladder ladder; ladder.WouldRetry(failure);) rungs.push_back(ladder.Next(failure));
  return rungs;
}

TEST(Ladder, ClimbsEachRungOnceAndTheLoginTwice) {
  using enum Rung;
  EXPECT_THAT(Climb({.staleness = Staleness::kNone}), IsEmpty());
  EXPECT_THAT(Climb({.staleness = Staleness::kSession}), ElementsAre(kSession, kSessions, kPlace));
  EXPECT_THAT(Climb({.staleness = Staleness::kOperation}), ElementsAre(kSession, kSessions, kPlace));
  EXPECT_THAT(Climb({.staleness = Staleness::kLogin}), ElementsAre(kLogin, kLogin));
  EXPECT_THAT(Climb({.staleness = Staleness::kObjects}), ElementsAre(kObjects, kPlace));
  EXPECT_THAT(Climb({.staleness = Staleness::kPlace}), ElementsAre(kPlace));
  EXPECT_THAT(Climb({.staleness = Staleness::kModule}), ElementsAre(kModule));
  EXPECT_THAT(Climb({.staleness = Staleness::kUnknown}), ElementsAre(kSession, kPlace));
}

TEST(Ladder, AssumesALostDaemonForAFailingModuleIfLikely) {
  using enum Rung;
  for (const Stage stage : {Stage::kFind, Stage::kOpen}) {
    EXPECT_THAT(Climb({.staleness = Staleness::kUnknown, .stage = stage}),
                ElementsAre(kSession, kPlace, kModule));
    EXPECT_THAT(Climb({.staleness = Staleness::kPlace, .stage = stage}), ElementsAre(kPlace, kModule))
        << "what was just found is said to be absent";
  }
  EXPECT_THAT(Climb({.staleness = Staleness::kUnknown, .in_a_row = true}),
              ElementsAre(kSession, kPlace, kModule));
}

TEST(Ladder, EndsForEveryInput) {
  for (unsigned seed = 1; seed < 2000; ++seed) {
    unsigned random = seed * 2654435761u;
    Ladder ladder;
    int steps = 0;
    for (; steps < 100; ++steps) {
      random = random * 1664525u + 1013904223u;
      const Ladder::Failure failure{.staleness = static_cast<Staleness>(1 + (random >> 16) % 7),
                                    .stage = static_cast<Stage>((random >> 24) % 4)};
      if (ladder.Next(failure) == Rung::kFail) break;
    }
    EXPECT_LE(steps, 8) << seed;
  }
}

TEST(RenewalPause, GrowsUntilItIsReset) {
  RenewalPause pause;
  const auto start = RenewalPause::Clock::now();
  EXPECT_TRUE(pause.Over(start));
  EXPECT_FALSE(pause.Over(start + 999ms));
  EXPECT_TRUE(pause.Over(start + 1s));
  EXPECT_FALSE(pause.Over(start + 2s));
  EXPECT_TRUE(pause.Over(start + 3s));
  EXPECT_TRUE(pause.Over(start + 1h));
  EXPECT_TRUE(pause.Over(start + 1h + RenewalPause::kLongest)) << "and not beyond a bound";
  EXPECT_TRUE(pause.pausing());
  pause.Reset();
  EXPECT_TRUE(pause.Over(start + 1h + RenewalPause::kLongest));
}

}  // namespace
}  // namespace signet

#include <signet/secret.h>

#include <algorithm>
#include <atomic>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace signet {
namespace {

static_assert(!std::is_copy_constructible_v<Secret>);
static_assert(!std::is_copy_assignable_v<Secret>);
static_assert(std::is_nothrow_move_constructible_v<Secret>);

TEST(Secret, ContainsTheGivenBytes) {
  const Secret secret(std::string_view("a\0b", 3));
  EXPECT_EQ(secret.view(), std::string_view("a\0b", 3));
  EXPECT_EQ(secret.Clone().view(), secret.view());
  EXPECT_TRUE(Secret().empty());
  EXPECT_TRUE(Secret("").empty());
  EXPECT_EQ(Secret::OfSize(100'000).size(), 100'000u);
  EXPECT_TRUE(std::ranges::all_of(Secret::OfSize(10).view(), [](char c) { return c == 0; }));
}

TEST(Secret, MoveLeavesNoCopy) {
  Secret a("one");
  Secret b(std::move(a));
  EXPECT_TRUE(a.empty());  // NOLINT(bugprone-use-after-move)
  Secret c("two");
  c = std::move(b);
  EXPECT_EQ(c.view(), "one");
  Secret& same = c;
  c = std::move(same);
  EXPECT_EQ(c.view(), "one");
}

TEST(Secret, ShrinkWipesWhatItDrops) {
  Secret secret("12345678");
  const char* data = secret.view().data();
  secret.Shrink(3);
  EXPECT_EQ(secret.view(), "123");
  EXPECT_EQ(std::string(data + 3, 5), std::string(5, '\0'));
  secret.Shrink(100);
  EXPECT_EQ(secret.size(), 3u);
}

// MappingFlags gives the VmFlags that the kernel reports for the mapping of an address.
std::string MappingFlags(const void* address) {
  std::ifstream maps("/proc/self/smaps");
  const auto wanted = reinterpret_cast<std::uintptr_t>(address);
  std::string line;
  bool inside = false;
  while (std::getline(maps, line)) {
    std::uintptr_t begin = 0, end = 0;
    if (std::sscanf(line.c_str(), "%" SCNxPTR "-%" SCNxPTR " ", &begin, &end) == 2) {
      inside = begin <= wanted && wanted < end;
    }
    if (inside && line.starts_with("VmFlags:")) return line + ' ';
  }
  return {};
}

TEST(Secret, StaysOutOfCoreDumps) {
  const Secret secret("1234");
  const std::string flags = MappingFlags(secret.view().data());
  ASSERT_FALSE(flags.empty());
  EXPECT_NE(flags.find(" dd "), std::string::npos) << flags;
}

TEST(Secret, APageThatIsUsedAgainIsEmptyAndStaysOutOfCoreDumps) {
  { const Secret before("123456"); }
  Secret after = Secret::OfSize(4);
  EXPECT_EQ(after.view(), std::string_view("\0\0\0\0", 4));
  EXPECT_EQ(std::string(after.view().data(), 64), std::string(64, '\0'));
  EXPECT_NE(MappingFlags(after.view().data()).find(" dd "), std::string::npos);
}

TEST(Secret, ThreadsNeverShareAPage) {
  std::vector<std::thread> threads;
  std::atomic<int> mixed = 0;
  for (char letter = 'a'; letter < 'i'; ++letter) {
    threads.emplace_back([letter, &mixed] {
      for (int i = 0; i < 2'000; ++i) {
        const Secret one(std::string(8, letter)), two(std::string(8, letter));
        if (one.view() != std::string(8, letter) || two.view() != one.view()) ++mixed;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(mixed, 0);
}

TEST(Secret, SurvivesFork) {
  const Secret secret("1234");
  const pid_t child = fork();
  if (child == 0) _exit(secret.view() == "1234" ? 0 : 1);
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace signet

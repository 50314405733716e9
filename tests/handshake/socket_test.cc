#include "inspector/socket.h"

#include <signet/error.h>
#include <signet/testing/temporary_directory.h>

#include <functional>
#include <optional>
#include <string>

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

namespace signet {
namespace {

// WithoutHosts runs `work` in a child that has no names in /etc/hosts; nothing if this system does not
// allow that.
std::optional<bool> WithoutHosts(const std::string& empty, const std::function<bool()>& work) {
  constexpr int kNotAllowed = 77;
  const pid_t child = fork();
  if (child == 0) {
    const int spaces = CLONE_NEWNS | (geteuid() == 0 ? 0 : CLONE_NEWUSER);
    if (unshare(spaces) != 0 || mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount(empty.c_str(), "/etc/hosts", nullptr, MS_BIND, nullptr) != 0) {
      _exit(kNotAllowed);
    }
    _exit(work() ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == kNotAllowed) return std::nullopt;
  return status == 0;
}

bool Reaches(const std::string& host, std::uint16_t port) {
  try {
    return Socket::Connect(host, port, std::chrono::seconds(5)).get() >= 0;
  } catch (const Error&) {
    return false;
  }
}

TEST(Socket, LocalhostIsThisMachineForEveryNameService) {
  const Socket listener = Socket::Listen("127.0.0.1", 0);
  const testing::TemporaryDirectory directory;
  const auto reached = WithoutHosts(directory.Write("hosts", std::string_view()), [&] {
    return Reaches("localhost", listener.port()) && Reaches("LocalHost.", listener.port());
  });
  if (!reached) GTEST_SKIP() << "this system lets nobody but root mount anything";
  EXPECT_TRUE(*reached);
}

TEST(Socket, ListensOnAddressesOnly) {
  EXPECT_THROW(Socket::Listen("localhost", 0), Error);
  EXPECT_THROW(Socket::Listen("", 0), Error);
}

}  // namespace
}  // namespace signet

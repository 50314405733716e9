#include "testing/spawn.h"
#include <signet/testing/process.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace signet::testing {
namespace {

using Clock = std::chrono::steady_clock;

// Drain reads what is there; it closes `from` at the end of the stream.
void Drain(Descriptor& from, std::string& into) {
  std::array<char, 16384> buffer;
  while (from.get() >= 0) {
    const ssize_t got = read(from.get(), buffer.data(), buffer.size());
    if (got > 0) {
      into.append(buffer.data(), static_cast<std::size_t>(got));
    } else if (got < 0 && errno == EINTR) {
      continue;
    } else if (got < 0 && errno == EAGAIN) {
      return;
    } else {
      from.reset();
    }
  }
}

// Feed writes what the pipe takes of `rest`, and closes it after the last byte or when nobody reads any more.
void Feed(Descriptor& to, std::string_view& rest) {
  while (!rest.empty()) {
    const ssize_t put = write(to.get(), rest.data(), rest.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0 && errno == EAGAIN) return;
    if (put < 0) break;
    rest.remove_prefix(static_cast<std::size_t>(put));
  }
  to.reset();
}

// IgnoreBrokenPipe keeps SIGPIPE from killing a test whose program does not read its input.
void IgnoreBrokenPipe() {
  struct sigaction current {};
  if (sigaction(SIGPIPE, nullptr, &current) == 0 && current.sa_handler == SIG_DFL) signal(SIGPIPE, SIG_IGN);
}

}  // namespace

ProcessResult RunProgram(const Command& command) {
  IgnoreBrokenPipe();
  auto [child_in, in] = MakePipe();
  auto [out, child_out] = MakePipe();
  auto [err, child_err] = MakePipe();
  for (const int fd : {in.get(), out.get(), err.get()}) fcntl(fd, F_SETFL, O_NONBLOCK);
  const pid_t child = Spawn(command, child_in.get(), child_out.get(), child_err.get(), true);
  for (Descriptor* end : {&child_in, &child_out, &child_err}) end->reset();

  ProcessResult result;
  std::string_view rest = command.input;
  const Clock::time_point deadline = Clock::now() + command.timeout;
  for (bool ended = false; !ended;) {
    std::array<pollfd, 3> wanted{{{in.get(), POLLOUT, 0}, {out.get(), POLLIN, 0}, {err.get(), POLLIN, 0}}};
    // A daemon that was left behind may hold the pipes open: the program's own end is what counts.
    poll(wanted.data(), wanted.size(), out.get() < 0 && err.get() < 0 ? 1 : 10);
    if (in.get() >= 0) Feed(in, rest);
    // It stays a zombie until its group is gone, so that nobody else can get its number.
    siginfo_t info{};
    ended = waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
            info.si_pid == child;
    Drain(out, result.out);
    Drain(err, result.err);
    if (!ended && Clock::now() > deadline) {
      result.timed_out = true;
      ended = true;
    }
  }
  kill(-child, SIGKILL);
  kill(child, SIGKILL);  // it may not have reached its own group yet
  int status = 0;
  waitpid(child, &status, 0);
  FillResult(status, result);
  return result;
}

}  // namespace signet::testing

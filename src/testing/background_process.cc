#include "testing/ports.h"
#include "testing/spawn.h"
#include <signet/testing/process.h>

#include <cerrno>
#include <system_error>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace signet::testing {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kStep = std::chrono::milliseconds(5);

// WaitUntil asks `done` every few milliseconds.
template <class Done>
bool WaitUntil(std::chrono::milliseconds timeout, Done done) {
  const Clock::time_point deadline = Clock::now() + timeout;
  while (!done()) {
    if (Clock::now() > deadline) return false;
    std::this_thread::sleep_for(kStep);
  }
  return true;
}

}  // namespace

BackgroundProcess::BackgroundProcess(const Command& command) {
  // A file in memory, not a pipe: the program never blocks on a reader, and the whole output can be read
  // again.
  Descriptor output(memfd_create("output", MFD_CLOEXEC));
  if (output.get() < 0) throw std::system_error(errno, std::generic_category(), "memfd_create");
  fcntl(output.get(), F_SETFL, O_APPEND);
  auto [child_in, in] = MakePipe();
  pid_ = Spawn(command, child_in.get(), output.get(), output.get(), true);
  setpgid(pid_, pid_);
  output_ = output.release();
  input_ = in.release();
  if (!command.input.empty()) Send(command.input);
}

BackgroundProcess::~BackgroundProcess() {
  Stop();
  close(output_);
}

std::string BackgroundProcess::output() const {
  std::string text;
  char buffer[16384];
  for (;;) {
    const ssize_t got = pread(output_, buffer, sizeof(buffer), static_cast<off_t>(text.size()));
    if (got <= 0) return text;
    text.append(buffer, static_cast<std::size_t>(got));
  }
}

bool BackgroundProcess::Reap() {
  if (ended_) return true;
  // It stays a zombie until Stop, so that its process ID is not reused.
  siginfo_t info{};
  ended_ =
      waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid_;
  if (!ended_) return false;
  (info.si_code == CLD_EXITED ? result_.exit_status : result_.signal) = info.si_status;
  return true;
}

bool BackgroundProcess::running() { return !Reap(); }

std::optional<std::string> BackgroundProcess::WaitForLine(std::string_view part,
                                                          std::chrono::milliseconds timeout) {
  std::optional<std::string> line;
  WaitUntil(timeout, [&] {
    const bool ended = Reap();  // first, so that the last words of a program that ends now are read
    const std::string text = output();
    const std::size_t at = text.find(part);
    if (at == std::string::npos) return ended;
    const std::size_t begin = text.rfind('\n', at) + 1;
    const std::size_t end = text.find('\n', at);
    if (end == std::string::npos && !ended) return false;
    line = text.substr(begin, end - begin);
    return true;
  });
  return line;
}

bool BackgroundProcess::WaitForPort(std::uint16_t port, std::chrono::milliseconds timeout) {
  bool open = false;
  WaitUntil(timeout, [&] { return (open = SomebodyListens(port)) || Reap(); });
  return open;
}

void BackgroundProcess::Send(std::string_view text) {
  while (!text.empty() && input_ >= 0) {
    const ssize_t put = write(input_, text.data(), text.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) throw std::system_error(errno, std::generic_category(), "write to the program");
    text.remove_prefix(static_cast<std::size_t>(put));
  }
}

void BackgroundProcess::CloseInput() {
  if (input_ >= 0) close(std::exchange(input_, -1));
}

void BackgroundProcess::Signal(int number) {
  if (!Reap()) kill(pid_, number);
}

std::optional<ProcessResult> BackgroundProcess::WaitForEnd(std::chrono::milliseconds timeout) {
  if (!WaitUntil(timeout, [&] { return Reap(); })) return std::nullopt;
  result_.out = output();
  return result_;
}

ProcessResult BackgroundProcess::Stop() {
  CloseInput();
  if (pid_ < 0) return result_;
  if (!Reap()) kill(-pid_, SIGTERM);
  WaitUntil(std::chrono::seconds(2), [&] { return Reap(); });
  // The group outlives its leader: workers that the program left behind go too.
  kill(-pid_, SIGKILL);
  WaitUntil(std::chrono::seconds(30), [&] { return Reap(); });
  waitpid(std::exchange(pid_, -1), nullptr, 0);
  result_.out = output();
  return result_;
}

}  // namespace signet::testing

#include "tool/terminal_session.h"

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <stdexcept>

#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

namespace signet {

TerminalSession::TerminalSession(const std::vector<std::string>& argv,
                                 const std::vector<std::string>& environment, const std::string& input) {
  int pipe_ends[2];
  if (pipe(pipe_ends) != 0) throw std::runtime_error("no pipe");
  if (write(pipe_ends[1], input.data(), input.size()) < 0) throw std::runtime_error("no room in the pipe");
  std::vector<char*> arguments;
  for (const std::string& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  pid_ = forkpty(&terminal_, nullptr, nullptr, nullptr);
  if (pid_ == 0) {
    dup2(pipe_ends[0], STDIN_FILENO);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    for (const std::string& assignment : environment) putenv(const_cast<char*>(assignment.c_str()));
    execvp(arguments.front(), arguments.data());
    _exit(127);
  }
  close(pipe_ends[0]);
  close(pipe_ends[1]);
  if (pid_ < 0) throw std::runtime_error("no terminal");
}

TerminalSession::~TerminalSession() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  close(terminal_);
}

bool TerminalSession::ReadMore() {
  pollfd waited = {.fd = terminal_, .events = POLLIN, .revents = 0};
  if (poll(&waited, 1, 10'000) <= 0) return false;
  char part[4096];
  const ssize_t got = read(terminal_, part, sizeof part);
  if (got <= 0) return false;  // the program has closed the terminal
  shown_.append(part, static_cast<std::size_t>(got));
  return true;
}

bool TerminalSession::WaitFor(const std::string& text) {
  while (shown_.find(text) == std::string::npos) {
    if (!ReadMore()) return false;
  }
  return true;
}

void TerminalSession::Type(const std::string& keys) const {
  if (write(terminal_, keys.data(), keys.size()) < 0) throw std::runtime_error("the terminal is closed");
}

bool TerminalSession::echoes() const {
  termios now{};
  return tcgetattr(terminal_, &now) == 0 && (now.c_lflag & ECHO) != 0 && (now.c_lflag & ISIG) != 0;
}

int TerminalSession::End() {
  while (ReadMore()) {
  }
  int status = 0;
  const pid_t ended = waitpid(pid_, &status, 0);
  if (ended == pid_) pid_ = -1;
  if (ended > 0 && WIFSIGNALED(status)) return 128 + WTERMSIG(status);
  return ended > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace signet

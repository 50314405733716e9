#pragma once

#include <signet/export.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace signet::testing {

// Environment is variables and their values.
using Environment = std::map<std::string, std::string>;

// Command is a program to run. It inherits this process's environment, without `unset`, plus
// `environment`.
struct Command {
  std::vector<std::string> argv;               // argv[0] is looked for in PATH
  Environment environment = {};                // set beside those of this process
  std::vector<std::string> unset = {};         // variables that it does not get
  std::string input = {};                      // standard input, then end of file
  std::string directory = {};                  // to run in; empty: this process's
  std::chrono::milliseconds timeout{120'000};  // then it is killed; RunProgram only
};

// ProcessResult is how a program ended.
struct ProcessResult {
  int exit_status = -1;    // -1: ended by `signal`
  int signal = 0;          // 0: it ended by itself
  bool timed_out = false;  // it was killed, as it took too long
  std::string out;         // standard output
  std::string err;         // standard error

  // ok tells whether the program ended by itself with status 0.
  bool ok() const noexcept { return exit_status == 0; }
};

// RunProgram runs a program and waits for it, then kills the rest of its process group. A program that
// cannot be started ends with status 127. Safe in a process with threads.
SIGNET_EXPORT ProcessResult RunProgram(const Command& command);

// BackgroundProcess is a program that runs while the object exists, usually a server. Its destructor sends
// SIGTERM to the whole process group, and SIGKILL after two seconds. The program also ends with the thread
// that started it. Standard output and error are collected in one text.
class SIGNET_EXPORT BackgroundProcess {
 public:
  // BackgroundProcess starts the program; throws std::runtime_error where that is not possible.
  explicit BackgroundProcess(const Command& command);
  ~BackgroundProcess();
  BackgroundProcess(const BackgroundProcess&) = delete;
  BackgroundProcess& operator=(const BackgroundProcess&) = delete;

  // pid is the program's, and its process group's.
  pid_t pid() const noexcept { return pid_; }
  // output is all that the program has written so far.
  std::string output() const;
  // running tells whether the program has not ended yet.
  bool running();
  // WaitForLine returns the first line that contains `part`, or nothing if it does not come in time.
  std::optional<std::string> WaitForLine(std::string_view part,
                                         std::chrono::milliseconds timeout = std::chrono::seconds(30));
  // WaitForPort tells whether a program listens on a TCP port of the loopback in time. It stops waiting when
  // the program ends.
  bool WaitForPort(std::uint16_t port, std::chrono::milliseconds timeout = std::chrono::seconds(30));
  // Send writes to the program's standard input; CloseInput ends it.
  void Send(std::string_view text);
  void CloseInput();
  // Signal sends a signal to the program alone.
  void Signal(int number);
  // WaitForEnd returns how the program ended, or nothing if it still runs after `timeout`. `out` holds all
  // output.
  std::optional<ProcessResult> WaitForEnd(std::chrono::milliseconds timeout = std::chrono::seconds(30));
  // Stop ends the program as the destructor does.
  ProcessResult Stop();

 private:
  bool Reap();

  pid_t pid_ = -1;
  int input_ = -1;
  int output_ = -1;
  bool ended_ = false;
  ProcessResult result_;
};

// FreePort returns a free TCP port of the loopback. No other call, in any process of this machine's tests,
// gets the same port while this process exists.
SIGNET_EXPORT std::uint16_t FreePort();

}  // namespace signet::testing

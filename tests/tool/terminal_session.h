#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

namespace signet {

// TerminalSession runs a program at a terminal of its own, as a person would. Its standard output goes there
// too.
class TerminalSession {
 public:
  // `input` is what its standard input gives, which is not the terminal.
  TerminalSession(const std::vector<std::string>& argv, const std::vector<std::string>& environment,
                  const std::string& input);
  ~TerminalSession();
  TerminalSession(const TerminalSession&) = delete;
  TerminalSession& operator=(const TerminalSession&) = delete;

  // WaitFor reads until `text` was shown; tells whether it came within ten seconds.
  bool WaitFor(const std::string& text);
  void Type(const std::string& keys) const;
  // echoes tells whether the terminal shows what is typed and turns keys into signals.
  bool echoes() const;
  // End waits for the program and gives its exit status as a shell does: 128 and the signal that ended it.
  int End();
  const std::string& shown() const noexcept { return shown_; }

 private:
  bool ReadMore();

  pid_t pid_ = -1;
  int terminal_ = -1;
  std::string shown_;
};

}  // namespace signet

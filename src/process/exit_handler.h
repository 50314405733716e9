#pragma once

#include <functional>
#include <memory>

namespace signet {

// ExitHandler runs a function once: when it is destroyed, or at the process's exit, whichever comes first. At
// exit handlers run in reverse order of their making, before the atexit handlers of libraries that were
// loaded earlier: a PKCS#11 module is finalised while what it uses still lives. Not run in a child that was
// forked after it was made.
class ExitHandler {
 public:
  explicit ExitHandler(std::function<void()> run);
  ~ExitHandler();
  ExitHandler(const ExitHandler&) = delete;
  ExitHandler& operator=(const ExitHandler&) = delete;

 private:
  struct Entry;
  std::shared_ptr<Entry> entry_;
};

// ProcessIsExiting tells whether exit handlers have begun to run: no call may go to a module any more.
bool ProcessIsExiting() noexcept;

}  // namespace signet

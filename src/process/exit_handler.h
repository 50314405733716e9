#pragma once

#include <functional>
#include <memory>
#include <string>

namespace signet::inline process {

// ExitHandler runs a function once: when it is destroyed, or at the process's exit, whichever comes first. At
// exit handlers run in reverse order of their making, all at once. Not run in a child that was forked after
// it was made.
class ExitHandler {
 public:
  explicit ExitHandler(std::function<void()> run);
  ~ExitHandler();
  ExitHandler(const ExitHandler&) = delete;
  ExitHandler& operator=(const ExitHandler&) = delete;

  // RunBefore makes all handlers run before the exit handlers that `library` and what it loaded have
  // registered so far: a PKCS#11 module is finalised while what it uses still lives. The process keeps one
  // registration for each library, however often it is named.
  static void RunBefore(const std::string& library);

 private:
  struct Entry;
  class Registry;
  static Registry& OfProcess();

  std::shared_ptr<Entry> entry_;
};

// ProcessIsExiting tells whether exit handlers have begun to run: no call may go to a module any more.
bool ProcessIsExiting() noexcept;

}  // namespace signet::inline process

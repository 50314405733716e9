#pragma once

#include <signet/testing/process.h>

#include <utility>

#include <sys/types.h>

namespace signet::testing {

// Descriptor owns a file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) noexcept : fd_(fd) {}
  ~Descriptor() { reset(); }
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  int get() const noexcept { return fd_; }
  int release() noexcept;
  void reset() noexcept;

 private:
  int fd_;
};

// MakePipe gives the reading and the writing end, both close-on-exec; throws std::system_error.
std::pair<Descriptor, Descriptor> MakePipe();

// Spawn starts `command` in a process group of its own with these three descriptors, and returns its process
// ID. `die_with_parent` has the kernel kill it when the calling thread ends.
pid_t Spawn(const Command& command, int in, int out, int err, bool die_with_parent);

// FillResult puts what waitpid said into words.
void FillResult(int status, ProcessResult& result);

}  // namespace signet::testing

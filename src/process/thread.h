#pragma once

#include <functional>

namespace signet::inline process {

// StartThread has a new thread do `run`, which must not throw; false if the system gives no thread. It
// takes no signals. Its end calls into libraries that it used, libcrypto above all, whose state is gone soon
// after the process's exit has begun: exit waits a moment for a thread whose `run` has returned, and one
// whose `run` returns later is not ended.
bool StartThread(std::function<void()> run);

}  // namespace signet::inline process

#include "pkcs11/module/call_log.h"

#include "base/printable.h"
#include "pkcs11/keys/mechanism_plan.h"
#include "pkcs11/module/rv.h"
#include <signet/error.h>

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

namespace signet::inline pkcs11 {
namespace {

class LogFile {
 public:
  explicit LogFile(const std::string& path)
      : fd_(open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600)) {
    if (fd_ >= 0) return;
    const int code = errno;
    throw Error({.code = ErrorCode::kBadSetting,
                 .detail = fmt::format("the call log {} cannot be written", path),
                 .call = "open",
                 .native = {NativeCode::Kind::kErrno, static_cast<unsigned long>(code), std::strerror(code)},
                 .hint = "Name a file that this user may write, or stderr."});
  }
  ~LogFile() { close(fd_); }
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

// WriteLine uses one write, so that lines of several threads and processes do not mix.
void WriteLine(int fd, std::string_view line) {
  const std::string text = fmt::format("{}\n", line);
  [[maybe_unused]] const ssize_t written = write(fd, text.data(), text.size());
}

}  // namespace

std::shared_ptr<CallLog> CallLog::FromSettings(const Settings& settings) {
  if (settings.call_log_callback) return std::make_shared<CallLog>(settings.call_log_callback);
  if (settings.call_log.empty()) return nullptr;
  if (settings.call_log == "stderr") {
    return std::make_shared<CallLog>([](std::string_view line) { WriteLine(STDERR_FILENO, line); });
  }
  return std::make_shared<CallLog>([file = std::make_shared<LogFile>(settings.call_log)](
                                       std::string_view line) { WriteLine(file->fd(), line); });
}

void CallLog::Write(std::string_view module, const char* function, const CalledOn& on, CK_RV rv,
                    std::chrono::steady_clock::duration took) {
  const auto now = std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
  const auto micros = now.time_since_epoch().count() % 1'000'000;
  write_(fmt::format("{:%H:%M:%S}.{:06} [{}:{}] {}{}{} {}{}{} = {} ({:.3f} ms)",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(now)), micros, getpid(), gettid(),
                     Printable(module), on.token.empty() ? "" : " ", Printable(on.token), function,
                     on.mechanism == CK_UNAVAILABLE_INFORMATION ? "" : " ",
                     on.mechanism == CK_UNAVAILABLE_INFORMATION ? "" : MechanismName(on.mechanism),
                     RvName(rv), std::chrono::duration<double, std::milli>(took).count()));
}

}  // namespace signet::inline pkcs11

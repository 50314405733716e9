#include "base/file.h"

#include <signet/error.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace signet::inline base {
namespace {

constexpr std::size_t kMaxSecret = 16384;
constexpr std::size_t kMaxPin = 4096;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { close(fd_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

[[noreturn]] void ThrowUnreadable(const std::string& what, const char* call, std::string hint) {
  const int code = errno;
  throw Error({.code = ErrorCode::kUnreadable,
               .detail = fmt::format("cannot read {}", what),
               .call = call,
               .native = {NativeCode::Kind::kErrno, static_cast<unsigned long>(code), std::strerror(code)},
               .hint = std::move(hint)});
}

int OpenForReading(const std::string& path, int flags) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | flags);
  if (fd < 0) ThrowUnreadable(path, "open", "Check the path and that this user may read the file.");
  return fd;
}

// ReadUpTo fills `buffer` until it is full or the input ends.
std::size_t ReadUpTo(int fd, std::span<char> buffer, const std::string& what) {
  std::size_t size = 0;
  while (size < buffer.size()) {
    const ssize_t got = read(fd, buffer.data() + size, buffer.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) {
      pollfd ready{.fd = fd, .events = POLLIN, .revents = 0};
      poll(&ready, 1, -1);
      continue;
    }
    if (got < 0) ThrowUnreadable(what, "read", "Check that it is a regular file that this user may read.");
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  return size;
}

Secret ReadSecret(int fd, const std::string& what, std::size_t max) {
  Secret secret = Secret::OfSize(max + 1);
  const std::size_t size = ReadUpTo(fd, secret.writable(), what);
  if (size > max) {
    throw Error({.code = ErrorCode::kUnreadable,
                 .detail = fmt::format("{} contains more than {} bytes", what, max),
                 .hint = "Give a file that contains only the secret."});
  }
  secret.Shrink(size);
  return secret;
}

Secret ReadPin(int fd, const std::string& what) {
  Secret pin = ReadSecret(fd, what, kMaxPin);
  std::size_t size = std::min(pin.size(), pin.view().find('\n'));
  if (size > 0 && pin.view()[size - 1] == '\r') --size;
  pin.Shrink(size);
  // Some editors write this mark before UTF-8; users do not type it.
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  return pin.view().starts_with(kByteOrderMark) ? Secret(pin.view().substr(kByteOrderMark.size()))
                                                : std::move(pin);
}

}  // namespace

std::vector<std::uint8_t> ReadFile(const std::string& path, std::uint64_t max_size) {
  // Not to wait for the writer of a pipe, which is then refused.
  const Descriptor file(OpenForReading(path, O_NONBLOCK));
  struct stat status {};
  if (fstat(file.get(), &status) != 0) ThrowUnreadable(path, "fstat", "Check the file system.");
  if (!S_ISREG(status.st_mode)) {
    throw Error({.code = ErrorCode::kUnreadable,
                 .detail = fmt::format("{} is not a regular file", path),
                 .hint = "Name a file."});
  }
  if (static_cast<std::uint64_t>(status.st_size) > max_size) {
    throw Error({.code = ErrorCode::kTooCostly,
                 .detail = fmt::format("{} has {} bytes, more than the limit of {}", path,
                                       static_cast<std::uint64_t>(status.st_size), max_size),
                 .hint = "Check that it is the right file; the limit is a setting."});
  }
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(status.st_size));
  bytes.resize(ReadUpTo(file.get(), {reinterpret_cast<char*>(bytes.data()), bytes.size()}, path));
  return bytes;
}

// A named pipe without a writer yet would look empty, so the opening of one waits.
Secret ReadSecretFile(const std::string& path) {
  const Descriptor file(OpenForReading(path, 0));
  return ReadSecret(file.get(), path, kMaxSecret);
}

Secret ReadPinFile(const std::string& path) {
  const Descriptor file(OpenForReading(path, 0));
  return ReadPin(file.get(), path);
}

Secret ReadPinDescriptor(int descriptor) {
  return ReadPin(descriptor, fmt::format("descriptor {}", descriptor));
}

}  // namespace signet::inline base

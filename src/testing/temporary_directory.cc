#include <signet/testing/temporary_directory.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace signet::testing {
namespace {

[[noreturn]] void ThrowErrno(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

TemporaryDirectory::TemporaryDirectory(std::string_view prefix) : owner_(getpid()) {
  const char* base = std::getenv("TMPDIR");
  path_ =
      std::string(base != nullptr && *base == '/' ? base : "/tmp") + "/" + std::string(prefix) + ".XXXXXX";
  if (mkdtemp(path_.data()) == nullptr) ThrowErrno("mkdtemp " + path_);
}

TemporaryDirectory::~TemporaryDirectory() {
  if (owner_ != getpid()) return;
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TemporaryDirectory::Write(std::string_view name, std::string_view text, unsigned mode) const {
  const std::string path = path_ + "/" + std::string(name);
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) ThrowErrno("open " + path);
  const bool good =
      write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && fchmod(fd, mode) == 0;
  close(fd);
  if (!good) ThrowErrno("write " + path);
  return path;
}

std::string TemporaryDirectory::Write(std::string_view name, std::span<const std::uint8_t> bytes,
                                      unsigned mode) const {
  return Write(name, std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()), mode);
}

}  // namespace signet::testing

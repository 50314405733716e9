#pragma once

#include <signet/export.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace signet::testing {

// TemporaryDirectory is a private directory (mode 0700) under $TMPDIR or /tmp. Its destructor removes it with
// its content, but not in a forked child.
class SIGNET_EXPORT TemporaryDirectory {
 public:
  // TemporaryDirectory makes it; its name begins with `prefix`. Throws std::runtime_error.
  explicit TemporaryDirectory(std::string_view prefix = "signet-test");
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  // path is absolute, without a slash at its end.
  const std::string& path() const noexcept { return path_; }
  // Write makes `name` below the directory, with mode `mode`, and returns its path.
  std::string Write(std::string_view name, std::string_view text, unsigned mode = 0600) const;
  std::string Write(std::string_view name, std::span<const std::uint8_t> bytes, unsigned mode = 0600) const;

 private:
  std::string path_;
  int owner_;
};

}  // namespace signet::testing

#pragma once

#include <signet/testing/temporary_directory.h>

#include <filesystem>
#include <string>

namespace signet::bench {

// InstantToken is a copy of the module that answers at once (instant_module.cc), with a state of its own.
class InstantToken {
 public:
  InstantToken() { std::filesystem::copy_file(SIGNET_BENCH_INSTANT_MODULE, path_); }

  const std::string& path() const noexcept { return path_; }
  static std::string Uri() { return "pkcs11:token=bench;id=%01?pin-value=1234"; }

 private:
  testing::TemporaryDirectory directory_;
  const std::string path_ = directory_.path() + "/instant.so";
};

}  // namespace signet::bench

#pragma once

#include <signet/error.h>

#include <string>
#include <string_view>
#include <vector>

namespace signet::inline libp11 {

// ThrowLibp11 throws Error naming `call`, from the CKR_ code that libp11 left somewhere in the ERR queue,
// under a library number of its own.
[[noreturn]] void ThrowLibp11(std::string_view call);

// CallersErrors keeps the caller's ERR queue as it was. A mark is not enough: libp11 0.4.12 and 0.4.13 clear
// the whole queue when they succeed.
class CallersErrors {
 public:
  CallersErrors();
  ~CallersErrors();
  CallersErrors(const CallersErrors&) = delete;
  CallersErrors& operator=(const CallersErrors&) = delete;

 private:
  struct Entry {
    unsigned long code;
    std::string file;  // a copy: OpenSSL frees its own with the entry
    int line;
    std::string function;
    std::string data;
  };
  std::vector<Entry> entries_;
};

}  // namespace signet::inline libp11

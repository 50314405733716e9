#pragma once

#include "openssl_provider/algorithm_rows.h"
#include "openssl_provider/module_entry.h"

#include <atomic>

namespace signet::provider::module {

using AnyFunction = void (*)();
using StartFunction = decltype(&signet_openssl_module_start);

inline constexpr std::size_t kMostFunctions = 24;  // of one dispatch table

// functions are those of libsignet.so, by table and by row of our own table; null before it is open. They
// belong to the process, as that library does: libcrypto hands us objects without a word on whose they are.
extern std::atomic<AnyFunction> functions[kTableCount][kMostFunctions];

// LibraryError says why libsignet.so cannot be used.
struct LibraryError {
  const char* call = "";
  char text[2048] = "";
};

// FindPlace finds out where signet.so lies, symbolic links resolved. It is called at activation: later a
// process may have another directory or another root.
void FindPlace() noexcept;

// OpenLibrary opens libsignet.so, which belongs to this signet.so, fills `functions`, and gives what starts a
// provider; null with an error. Once open it stays. No lock is held, so that a child that another thread
// forked meanwhile is not stuck: threads that come at once all do it, and find the same.
StartFunction OpenLibrary(LibraryError& error) noexcept;

}  // namespace signet::provider::module

#include "openssl_provider/module/library.h"

#include "openssl_provider/module/memory.h"
#include "openssl_provider/module/tables.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <dlfcn.h>
#include <limits.h>

namespace signet::provider::module {

std::atomic<AnyFunction> functions[kTableCount][kMostFunctions];

namespace {

constexpr const char* kName = SIGNET_LIBRARY_NAME;  // "libsignet.so.0.2"
std::atomic<StartFunction> start_function;
std::atomic<char*> place;  // of signet.so, for as long as the process lives

void Append(LibraryError& error, const char* more) noexcept {
  const std::size_t size = std::strlen(error.text);
  std::snprintf(error.text + size, sizeof error.text - size, "%s%s", size != 0 ? "; " : "", more);
}

void* OpenAt(const char* directory, std::size_t length, LibraryError& error) noexcept {
  char path[PATH_MAX];
  const int size = std::snprintf(path, sizeof path, "%.*s/%s", static_cast<int>(length), directory, kName);
  if (size < 0 || static_cast<std::size_t>(size) >= sizeof path) return nullptr;
  void* const opened = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (opened == nullptr) {
    const char* const why = dlerror();
    Append(error, why != nullptr ? why : path);
  }
  return opened;
}

std::size_t WithoutLastPart(const char* path, std::size_t length) noexcept {
  while (length > 0 && path[length - 1] != '/') --length;
  return length > 0 ? length - 1 : 0;
}

// Open takes the one that the process has, if any: what belongs to the process is there once. Otherwise it
// looks one folder above signet.so, beside it, and where it was to be installed.
void* Open(LibraryError& error) noexcept {
  if (void* const present = dlopen(kName, RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD)) return present;
  (void)dlerror();
  if (const char* const file = place.load(std::memory_order_acquire)) {
    const std::size_t beside = WithoutLastPart(file, std::strlen(file));
    if (void* const above = OpenAt(file, WithoutLastPart(file, beside), error)) return above;
    if (void* const here = OpenAt(file, beside, error)) return here;
  }
  return OpenAt(SIGNET_LIBRARY_DIRECTORY, std::strlen(SIGNET_LIBRARY_DIRECTORY), error);
}

// FillTable tells whether the library has each function that our table has.
bool FillTable(Table table, const OSSL_DISPATCH* theirs) noexcept {
  if (theirs == nullptr) return false;
  const OSSL_DISPATCH* const ours = ModuleTable(table);
  for (std::size_t slot = 0; ours[slot].function_id != 0; ++slot) {
    const OSSL_DISPATCH* row = theirs;
    while (row->function_id != 0 && row->function_id != ours[slot].function_id) ++row;
    if (row->function_id == 0) return false;
    functions[static_cast<std::size_t>(table)][slot].store(row->function, std::memory_order_release);
  }
  return true;
}

bool FillTables(void* library) noexcept {
  const auto table_of =
      reinterpret_cast<decltype(&signet_openssl_module_table)>(dlsym(library, kTableFunction));
  if (table_of == nullptr) return false;
  for (std::size_t i = 0; i < kTableCount; ++i) {
    if (!FillTable(static_cast<Table>(i), table_of(static_cast<unsigned>(i)))) return false;
  }
  return true;
}

}  // namespace

void FindPlace() noexcept {
  if (place.load(std::memory_order_acquire) != nullptr) return;
  Dl_info here{};
  if (dladdr(reinterpret_cast<const void*>(&functions), &here) == 0 || here.dli_fname == nullptr) return;
  LibcPtr<char> found(realpath(here.dli_fname, nullptr));
  char* none = nullptr;
  if (place.compare_exchange_strong(none, found.get())) (void)found.release();
}

StartFunction OpenLibrary(LibraryError& error) noexcept {
  StartFunction start = start_function.load(std::memory_order_acquire);
  if (start != nullptr) return start;
  void* const library = Open(error);
  if (library == nullptr) {
    error.call = "dlopen";
    return nullptr;
  }
  start = reinterpret_cast<StartFunction>(dlsym(library, kStartFunction));
  if (start == nullptr || !FillTables(library)) {
    error.call = "dlsym";
    std::snprintf(error.text, sizeof error.text, "%s is of another build than signet.so", kName);
    return nullptr;
  }
  start_function.store(start, std::memory_order_release);
  return start;
}

}  // namespace signet::provider::module

#include "openssl_provider/module/context.h"

#include "openssl_provider/module/library.h"
#include "openssl_provider/module/tables.h"
#include "openssl_provider/reason_strings.h"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace signet::provider::module {
namespace {

constexpr int kOperations[] = {OSSL_OP_KEYMGMT, OSSL_OP_KEYEXCH, OSSL_OP_SIGNATURE, OSSL_OP_ASYM_CIPHER,
                               OSSL_OP_ENCODER, OSSL_OP_DECODER, OSSL_OP_STORE};

// RowsBefore counts the rows of the tables before that of `operation`, the empty one at each end included.
constexpr std::size_t RowsBefore(int operation) noexcept {
  std::size_t count = 0;
  for (const int one : kOperations) {
    if (one == operation) break;
    for (const AlgorithmRow& row : kAlgorithmRows) count += row.operation == one ? 1 : 0;
    ++count;
  }
  return count;
}
static_assert(RowsBefore(0) == kAlgorithmRows.size() + std::size(kOperations),
              "a row has an operation that is not listed");

constexpr std::size_t kLongestProperties = 64;

}  // namespace

std::unique_ptr<Context> Context::Make(const OSSL_CORE_HANDLE* handle,
                                       const OSSL_DISPATCH* upcalls) noexcept {
  FindPlace();
  std::unique_ptr<Context> context(new Context(handle, upcalls));
  if (context == nullptr || context->upcall_table_ == nullptr || context->environment_.entries() == nullptr ||
      !context->MakeAlgorithms())
    return nullptr;
  if (LoadsAtActivation(handle, context->upcalls_, context->environment_)) context->MakeProviderNow();
  return context;
}

Context::Context(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH* upcalls) noexcept
    : handle_(handle),
      upcalls_(upcalls),
      upcall_table_(static_cast<OSSL_DISPATCH*>(std::calloc(upcalls_.count, sizeof *upcalls))) {
  if (upcall_table_ != nullptr) std::memcpy(upcall_table_.get(), upcalls, upcalls_.count * sizeof *upcalls);
}

Context::~Context() {
  if (has_provider()) Own<OSSL_FUNC_provider_teardown_fn>(OSSL_FUNC_PROVIDER_TEARDOWN)(provider_.load());
}

bool Context::MakeAlgorithms() noexcept {
  const char* const name = ActivatedName(handle_, upcalls_);
  const char* const quote = IsPlainName(name) ? "" : "'";
  const std::size_t room = std::strlen(name) + sizeof "provider='',";
  algorithms_.reset(static_cast<OSSL_ALGORITHM*>(std::calloc(RowsBefore(0), sizeof(OSSL_ALGORITHM))));
  properties_.reset(
      static_cast<char*>(std::malloc(room + kAlgorithmRows.size() * (room + kLongestProperties))));
  if (algorithms_ == nullptr || properties_ == nullptr) return false;
  std::snprintf(properties_.get(), room, "provider=%s%s%s", quote, name, quote);
  char* longer = properties_.get() + room;
  OSSL_ALGORITHM* next = algorithms_.get();
  for (const int operation : kOperations) {
    for (const AlgorithmRow& row : kAlgorithmRows) {
      if (row.operation != operation) continue;
      const char* properties = properties_.get();
      if (*row.properties != '\0') {
        std::snprintf(longer, room + kLongestProperties, "%s,%s", properties_.get(), row.properties);
        properties = longer;
        longer += room + kLongestProperties;
      }
      *next++ = {row.names, properties, ModuleTable(row.table), row.description};
    }
    ++next;  // the empty row
  }
  return true;
}

const OSSL_ALGORITHM* Context::AlgorithmsOf(int operation) const noexcept {
  for (const int one : kOperations) {
    if (one == operation) return algorithms_.get() + RowsBefore(operation);
  }
  return nullptr;
}

OSSL_LIB_CTX* Context::library() const noexcept {
  return upcalls_.get_library != nullptr ? reinterpret_cast<OSSL_LIB_CTX*>(upcalls_.get_library(handle_))
                                         : nullptr;
}

void Context::MakeProviderNow() noexcept {
  if (upcalls_.set_mark != nullptr) upcalls_.set_mark(handle_);
  (void)Provider();
  if (upcalls_.pop_to_mark != nullptr) upcalls_.pop_to_mark(handle_);
}

// MakeProvider lets threads that come at once each make a provider, of which one is kept: making it opens
// nothing, and no lock is held that a forked child would wait for.
void* Context::MakeProvider() noexcept {
  LibraryError error;
  const StartFunction start_provider = OpenLibrary(error);
  const ModuleStart start{kBuild, handle_, upcall_table_.get(), environment_.entries()};
  void* made = nullptr;
  const OSSL_DISPATCH* functions_made = nullptr;
  const int started = start_provider != nullptr ? start_provider(&start, &functions_made, &made) : 0;
  if (started < 0) {
    error.call = kStartFunction;
    std::snprintf(error.text, sizeof error.text, "%s is of another build than signet.so",
                  SIGNET_LIBRARY_NAME);
  }
  if (error.text[0] != '\0') {
    Raise(ReasonOf(ErrorCode::kUnreadable), error.call,
          "signet.so cannot open %s: %s. Install it where signet.so looks for it; in a program that enters a "
          "chroot, set "
          "load = activation, which opens it before that.",
          SIGNET_LIBRARY_NAME, error.text);
  }
  if (started != 1) return nullptr;
  provider_functions_.store(functions_made, std::memory_order_release);
  void* present = nullptr;
  if (provider_.compare_exchange_strong(present, made)) return made;
  Own<OSSL_FUNC_provider_teardown_fn>(OSSL_FUNC_PROVIDER_TEARDOWN)(made);
  return present;
}

void Context::Raise(unsigned reason, const char* call, const char* format, ...) const noexcept {
  if (upcalls_.new_error == nullptr || upcalls_.set_error_debug == nullptr || upcalls_.vset_error == nullptr)
    return;
  upcalls_.new_error(handle_);
  upcalls_.set_error_debug(handle_, "signet", 0, call);
  std::va_list arguments;
  va_start(arguments, format);
  upcalls_.vset_error(handle_, reason, format, arguments);
  va_end(arguments);
}

}  // namespace signet::provider::module

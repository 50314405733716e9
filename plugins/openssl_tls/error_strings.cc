#include "openssl_tls/error_strings.h"

#include <array>

#include <openssl/err.h>

namespace signet::openssl {
namespace {

constexpr int ReasonOf(ErrorCode code) { return static_cast<int>(code) + 1; }
constexpr int kReasons = ReasonOf(ErrorCode::kInternal);

// The names of ErrorCodes have static storage and end in a NUL. ERR_load_strings writes the library number
// into its table, which must stay: this library is linked with -z nodelete.
struct Strings {
  Strings() noexcept : library(ERR_get_next_error_library()) {
    items[0] = {ERR_PACK(library, 0, 0), "signet"};
    for (int i = 0; i < kReasons; ++i) {
      items[i + 1] = {static_cast<unsigned long>(i + 1), Name(static_cast<ErrorCode>(i)).data()};
    }
    ERR_load_strings(library, items.data());
  }
  int library;
  std::array<ERR_STRING_DATA, kReasons + 2> items{};  // the last one is zero and ends the table
};

}  // namespace

void RaiseError(const Error& error) noexcept {
  static Strings strings;
  ERR_raise_data(strings.library, ReasonOf(error.code()), "%s", error.what());
}

}  // namespace signet::openssl

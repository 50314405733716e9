#pragma once

#include <signet/error.h>

namespace signet {

// FieldsOf gives what an error is made of, for another one that differs in a field or two.
inline Error::Fields FieldsOf(const Error& error) {
  return {.code = error.code(),
          .detail = error.detail(),
          .call = error.call(),
          .native = error.native(),
          .token = error.token(),
          .uri = error.uri(),
          .hint = error.hint()};
}

}  // namespace signet

#pragma once

#include <memory>

#include <libp11.h>

namespace signet {

// Libp11Deleter frees what libp11 made; one line per type.
struct Libp11Deleter {
  void operator()(PKCS11_CTX* p) const noexcept { PKCS11_CTX_free(p); }
};

template <class T>
using Libp11Ptr = std::unique_ptr<T, Libp11Deleter>;

}  // namespace signet

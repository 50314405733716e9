#pragma once

#include <signet/error.h>

namespace signet::openssl {

// RaiseError puts `error` on OpenSSL's queue under a library number of our own, with its code as the reason
// in words and its text as the data. Programs that print only the reason, as libcurl does, then print words.
void RaiseError(const Error& error) noexcept;

}  // namespace signet::openssl

#pragma once

#include "pkcs11/module/module.h"
#include <signet/error.h>

namespace signet {

// WithHint returns `error` with what to do about it, where that depends on the kind of token: a software
// token's files, a card's reader, a TPM's lockout, a daemon that may be down.
Error WithHint(const Error& error, Module& module, const CK_TOKEN_INFO& token);

}  // namespace signet

#pragma once

#include "pkcs11/module/module.h"
#include <signet/error.h>

#include <string_view>

namespace signet::inline pkcs11 {

enum class ModuleKind { kSoftHsm, kCard, kTpm, kNss, kOpenCryptoki, kRemote, kOther };

// KindOfModule reads a module's path, its name at p11-kit and its token's manufacturer.
ModuleKind KindOfModule(std::string_view path, std::string_view name, std::string_view maker) noexcept;

// HintFor gives the hint for `error` if it depends on the kind of token: a software token's files, a
// card's reader, a TPM's lockout, a daemon that may be down. Null if the error's own hint stands.
const char* HintFor(ModuleKind kind, const Error& error, bool pcscd_is_down);

// WithHint returns `error` with that hint.
Error WithHint(const Error& error, Module& module, const CK_TOKEN_INFO& token);

}  // namespace signet::inline pkcs11

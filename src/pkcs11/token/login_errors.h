#pragma once

#include "pkcs11/token/credentials.h"
#include "pkcs11/token/login_machine.h"
#include <signet/error.h>

#include <string>
#include <string_view>

namespace signet::inline pkcs11 {

// LoginError is the Error for a `step` kFail, for the token with this label. kFailedBefore has no text of
// its own: the failure of the C_Login is the error.
Error LoginError(const LoginStep& step, const std::string& label, const Credentials& credentials);
// OfficerLoginError is the same for the security officer's PIN.
Error OfficerLoginError(const LoginStep& step, const std::string& label, std::string_view uri);

}  // namespace signet::inline pkcs11

#pragma once

#include <signet/certificate.h>
#include <signet/testing/soft_hsm.h>

namespace signet::testing {

// AddFillers puts `count` certificates that no test asks for on the first token.
void AddFillers(SoftHsm& hsm, const Certificate& certificate, int count);

}  // namespace signet::testing

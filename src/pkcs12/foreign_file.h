#pragma once

#include "pkcs12/ber.h"

namespace signet::inline pkcs12 {

// RefuseForeign throws Error kMalformed for a file that is something else than a PKCS#12 file, with what it
// is and what to do; it returns for one that may be a PKCS#12 file, damaged or not.
void RefuseForeign(Bytes file);

}  // namespace signet::inline pkcs12

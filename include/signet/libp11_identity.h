#pragma once

#include <signet/export.h>
#include <signet/identity.h>

#include <string_view>
#include <vector>

#include <libp11.h>

namespace signet {

// FromLibp11 makes an Identity from a program's libp11 objects (0.4.12 or later): a certificate and a private
// key. It copies the data that libp11 may move or free, so both pointers may become invalid after the call,
// as they do after a store or another enumeration. The program must not unload the PKCS11_CTX or release its
// slots while the identity or its key exists. The program logs in, before this call and after a token was
// reinserted.
//
// FromLibp11 makes and verifies one signature with each algorithm that the key may support, to find out which
// ones the token supports and whether key and certificate match. Throws Error: kKeyCertificateMismatch;
// kPinNeeded without a login; kNoSigningKey if no algorithm works; kUnsupported for a key that this libp11
// does not support, such as Ed25519.
//
// `issuers` complete the chain. `token` is used only for the URI, and may be null.
SIGNET_EXPORT Identity FromLibp11(const PKCS11_CERT* certificate, PKCS11_KEY* key,
                                  const std::vector<Certificate>& issuers = {},
                                  const PKCS11_TOKEN* token = nullptr);

}  // namespace signet

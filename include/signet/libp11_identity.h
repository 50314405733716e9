#pragma once

#include <signet/export.h>
#include <signet/identity.h>

#include <string_view>
#include <vector>

#include <libp11.h>

namespace signet {

// FromLibp11 makes an Identity of a certificate and a private key that the program holds through libp11
// (0.4.12 or later). What libp11 may move or free is copied before it returns: the two objects may dangle
// afterwards, as they do after a store or a further enumeration. The program keeps the PKCS11_CTX loaded, and
// its slots unreleased, while the identity or its key lives; it logs in, before this call and after a token
// returned.
//
// It signs once for each way of signing that the key may have, and verifies: so it knows what the token can
// do, and that key and certificate belong together. Throws Error: kKeyCertificateMismatch; kPinNeeded where
// nobody is logged in; kNoSigningKey where no way works; kUnsupported for a key that this libp11 does not
// know, such as Ed25519.
//
// `issuers` complete the chain. `token` is for the URI alone, and may be null.
SIGNET_EXPORT Identity FromLibp11(const PKCS11_CERT* certificate, PKCS11_KEY* key,
                                  const std::vector<Certificate>& issuers = {},
                                  const PKCS11_TOKEN* token = nullptr);

}  // namespace signet

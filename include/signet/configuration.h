#pragma once

#include <signet/export.h>
#include <signet/settings.h>

namespace signet {

// ConfiguredSettings gives the settings that a user has made for Signet outside of the program, the later
// over the earlier: the section of the provider `signet` in the openssl.cnf that programs read (OPENSSL_CONF,
// or OpenSSL's own), then the environment's SIGNET_ variables and PKCS11_PROVIDER_MODULE. The OpenSSL
// provider and the command have the same. Throws Error kBadSetting, naming the place, for a value that a
// setting cannot have. An openssl.cnf that OpenSSL cannot read counts as none. In a set-user-ID program no
// variable is read, and so no openssl.cnf but OpenSSL's own. Call it once, and before threads that change the
// environment: an fd: pin-source is read at each call.
SIGNET_EXPORT Settings ConfiguredSettings();

}  // namespace signet

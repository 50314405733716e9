#pragma once

#include <signet/export.h>
#include <signet/settings.h>

namespace signet {

// ConfiguredSettings returns the user's settings for Signet, like the OpenSSL provider and the command: the
// section of the provider `signet` in openssl.cnf (OPENSSL_CONF, or OpenSSL's default file), overridden by
// the environment variables SIGNET_* and PKCS11_PROVIDER_MODULE. Throws Error kBadSetting with the place of
// an invalid value. An openssl.cnf that OpenSSL cannot read is ignored. In a set-user-ID program the
// environment is ignored, including OPENSSL_CONF. Call it once, before you start threads that change the
// environment: an fd: pin-source is read at each call.
SIGNET_EXPORT Settings ConfiguredSettings();

}  // namespace signet

#pragma once

#include "tool/common_options.h"
#include "tool/finding.h"
#include "tool/output.h"
#include <signet/identity_source.h>
#include <signet/settings.h>

#include <string>
#include <vector>

namespace signet::tool {

// CheckOpenSslConf reads an openssl.cnf as OpenSSL would, .include lines followed, without activating
// anything of it. An empty `path` means the file that programs read: OPENSSL_CONF, or that of OPENSSLDIR;
// then it is no fault that signet is not in it.
Findings CheckOpenSslConf(const std::string& path);

// CheckEnvironment looks at the variables that programs with Signet read.
Findings CheckEnvironment(const CommonOptions& common);

// TellSettings says of each setting that is made where its value comes from; SettingsJson says it of every
// setting, "default" where it is not made.
Findings TellSettings(const Configuration& configuration);
Json SettingsJson(const Configuration& configuration);

// CheckModules tries the PKCS#11 modules and reports their tokens and the state of the PINs. No PIN is sent.
Findings CheckModules(const Settings& settings);

// CheckIdentities checks the matches of `uri`: expiry of every certificate, fitness, and problems that are no
// identity. `named` tells that a user named the URI, and misses what is not there.
Findings CheckIdentities(const IdentitySource& source, const std::string& uri, bool named, TimePoint now);

// CheckPkcs12File says which old or new algorithms of a PKCS#12 file other programs cannot read. Nothing
// if it cannot be read: CheckIdentities reports this.
Findings CheckPkcs12File(const std::string& path);
// Pkcs12PathOf gives the file of a pkcs12: URI; empty for others.
std::string Pkcs12PathOf(const std::string& uri);

// HoldsPemPointer tells whether a file has a PEM block that points to a key.
bool HoldsPemPointer(const std::string& path);
// CheckPemFile follows a PEM file that points to a key to the key.
Findings CheckPemFile(const IdentitySource& source, const std::string& path);

}  // namespace signet::tool

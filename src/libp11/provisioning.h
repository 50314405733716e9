#pragma once

#include "base/openssl_ptr.h"
#include "identity/public_key.h"
#include "pkcs11/admin/key_spec.h"
#include <signet/certificate.h>
#include <signet/secret.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace signet {

// What `signet token` does to tokens, in a process that uses them for nothing else. Modules are loaded for
// one function at a time. Every function throws Error.

// TokenPlace is a token that is there, and how its user's PIN stands.
struct TokenPlace {
  std::string module_path;
  std::string label;
  std::string serial;
  std::string manufacturer;
  std::string model;
  bool reader_asks = false;  // CKF_PROTECTED_AUTHENTICATION_PATH
  bool count_low = false;
  bool final_try = false;
  bool locked = false;
};

// FindTokens gives the initialised tokens of these modules; of all that p11-kit has configured, but for trust
// modules, where there are none.
std::vector<TokenPlace> FindTokens(const std::vector<std::string>& modules);
// FitsUri tells whether a pkcs11: URI means this token; throws kBadUri.
bool FitsUri(const TokenPlace& token, std::string_view uri);
// BlankTokenModule gives the one module that has a token without a label; throws kTokenAbsent or kAmbiguous.
std::string BlankTokenModule(const std::vector<std::string>& modules);

// UriOf names a token, or an object on it (RFC 7512).
std::string UriOf(const TokenPlace& token, const ObjectName* object = nullptr);

// NewId gives an ID that no object has by chance.
std::vector<std::uint8_t> NewId();

// GenerateKey makes a key pair. It refuses an ID that a key has already with kAmbiguous. `pin` is absent
// where the reader asks for it.
PublicKey GenerateKey(const TokenPlace& token, const std::optional<Secret>& pin, const KeySpec& spec,
                      const ObjectName& name, const KeyPolicy& policy);

// ImportRequest is what goes into a token: a key, a certificate, or both.
struct ImportRequest {
  EVP_PKEY* key = nullptr;
  std::optional<Certificate> certificate;
  std::vector<Certificate> issuers;  // without key and ID, under their subjects' names
  ObjectName name;                   // empty members are chosen
  KeyPolicy policy;
};

// Import checks before it writes that key and certificate belong together, that the ID is free, and for a
// certificate alone that the token has its key, unless an ID is given. When it fails half-way it removes what
// it had written. Returns the name that was given.
ObjectName Import(const TokenPlace& token, const std::optional<Secret>& pin, const ImportRequest& request);

// Matched is an object: "private key", its ID and label.
struct Matched {
  std::string kind;
  ObjectName name;
};

// FindObjects says what a URI names on a token, RemoveObjects destroys it and says how much it was. Both
// throw kBadUri for a URI without ID and label.
std::vector<Matched> FindObjects(const TokenPlace& token, const std::optional<Secret>& pin,
                                 std::string_view uri);
std::size_t RemoveObjects(const TokenPlace& token, const std::optional<Secret>& pin, std::string_view uri);

}  // namespace signet

#pragma once

#include "base/openssl_ptr.h"
#include "identity/public_key.h"
#include "pkcs11/admin/key_spec.h"
#include "pkcs11/admin/token_place.h"
#include <signet/certificate.h>
#include <signet/secret.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace signet::inline pkcs11 {

// What `signet token` does to tokens. Every function throws Error. What a failed function created is removed;
// where that fails too, the error names what is left.

// Initialise gives the token in `place` a label and the security officer's PIN, which must be the present one
// where the token is initialised already, and sets the user's PIN. `so_pin` and `pin` are absent where the
// reader's pad asks for them. It returns the place of the token. The token's content is lost. When the user's
// PIN cannot be set, the error says that the rest is done.
TokenPlace Initialise(const TokenPlace& place, std::string_view label, const PinToSend& so_pin,
                      const std::optional<Secret>& pin);
// ResetPin sets the user's PIN as the security officer.
void ResetPin(const TokenPlace& token, const PinToSend& so_pin, const std::optional<Secret>& new_pin);
// ChangePin replaces the PIN of the user; ChangeOfficerPin that of the security officer.
void ChangePin(const TokenPlace& token, const PinToSend& old_pin, const std::optional<Secret>& new_pin);
void ChangeOfficerPin(const TokenPlace& token, const PinToSend& old_pin,
                      const std::optional<Secret>& new_pin);

// NewId gives a random ID of eight bytes.
std::vector<std::uint8_t> NewId();

// GenerateKey makes a key pair. It throws kAmbiguous for an ID that an object has already.
PublicKey GenerateKey(const TokenPlace& token, const PinToSend& pin, const KeySpec& spec,
                      const ObjectName& name, const KeyPolicy& policy);

// ImportRequest is what goes into a token: a key, a certificate, or both.
struct ImportRequest {
  EVP_PKEY* key = nullptr;
  std::optional<Certificate> certificate;
  std::vector<Certificate> issuers;  // without key; named by their key identifier and subject
  ObjectName name;                   // empty members are chosen
  KeyPolicy policy;
  bool replace = false;  // a certificate alone: remove the key's other certificates afterwards
};

// Import checks before it writes that key and certificate belong together, that a key's ID is free, and for a
// certificate alone that the token has its key, unless an ID is given. Another certificate of the same key
// may be there already. Returns the name that was given.
ObjectName Import(const TokenPlace& token, const PinToSend& pin, const ImportRequest& request);

// Matched is an object: "private key", its ID and label.
struct Matched {
  std::string kind;
  ObjectName name;
};

// FoundObjects are the objects that a URI names, on a token whose user is logged in: one login serves to show
// and to remove them.
class FoundObjects {
 public:
  // FoundObjects searches; throws kBadUri for a URI without ID and label.
  FoundObjects(const TokenPlace& token, const PinToSend& pin, std::string_view uri);
  ~FoundObjects();
  FoundObjects(const FoundObjects&) = delete;
  FoundObjects& operator=(const FoundObjects&) = delete;

  const std::vector<Matched>& matched() const noexcept;
  // Remove destroys what the URI names.
  void Remove();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace signet::inline pkcs11

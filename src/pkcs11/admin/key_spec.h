#pragma once

#include <signet/private_key.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace signet::inline pkcs11 {

// KeySpec is a kind of key that a token can make.
struct KeySpec {
  KeyType type = KeyType::kRsa;
  unsigned long bits = 0;  // RSA only
  std::string curve;       // EC only: OpenSSL's group name

  // Parse reads "rsa:2048", "ec:P-256" (also P-384, P-521 and OpenSSL's group names), "ed25519", "ed448";
  // throws Error kBadArgument.
  static KeySpec Parse(std::string_view text);
};

// ObjectName is what PKCS#11 finds an object by. Empty members are not looked at in a search.
struct ObjectName {
  std::vector<std::uint8_t> id;  // CKA_ID
  std::string label;             // CKA_LABEL
};

// KeyPolicy is what a new private key may do.
struct KeyPolicy {
  bool public_object = true;         // put the public key with it
  bool always_authenticate = false;  // CKA_ALWAYS_AUTHENTICATE
  bool extractable = false;
  bool signs = true;  // CKA_SIGN; without it an RSA key only decrypts, and an EC key only derives
};

}  // namespace signet::inline pkcs11

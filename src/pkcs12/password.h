#pragma once

#include "pkcs12/ber.h"
#include <signet/secret.h>

#include <optional>
#include <vector>

namespace signet::inline pkcs12 {

// Password is one password in the two spellings that PKCS#12 files use.
struct Password {
  Secret utf8;  // as given: PBES2, PBMAC1 (RFC 9579) and PKCS#5 v1.5
  Secret
      bmp;  // BMPString with two zero bytes behind it: RFC 7292 appendix B.1; no bytes for an absent password
};

// PasswordForms gives the ways in which programs have written `password`, the standard one first; at most
// three. An absent and an empty password give both: no bytes at all, and the two zero bytes.
std::vector<Password> PasswordForms(const std::optional<Secret>& password);

// NssPassword gives the spelling of old NSS (3.21 and before), which put the BMPString where UTF-8 belongs
// too.
Password NssPassword(const Password& password);

// AsBytes views a secret as bytes.
inline Bytes AsBytes(const Secret& secret) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(secret.view().data()), secret.size()};
}

}  // namespace signet::inline pkcs12

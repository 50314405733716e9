#pragma once

#include <openssl/core_dispatch.h>

// How a private key in a token is written: as text, and as a PEM file that points to it where the settings
// ask for it. A public key is written by `default`, to which our keymgmt exports it.
namespace signet::provider {

const OSSL_DISPATCH* TextEncoderFunctions() noexcept;
// KeyEncoderFunctions gives the encoder of PrivateKeyInfo, in PEM or DER. A token's key has no DER.
const OSSL_DISPATCH* PemEncoderFunctions() noexcept;
const OSSL_DISPATCH* DerEncoderFunctions() noexcept;
// The public part alone, as SubjectPublicKeyInfo; for EC keys, whose point may be written in several forms.
const OSSL_DISPATCH* PublicPemEncoderFunctions() noexcept;
const OSSL_DISPATCH* PublicDerEncoderFunctions() noexcept;

}  // namespace signet::provider

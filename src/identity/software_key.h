#pragma once

#include <signet/private_key.h>

#include <cstdint>
#include <span>

#include <openssl/types.h>

// What keys in this process's memory do alike.
namespace signet::inline identity {

// SignInSoftware is PrivateKey::Sign with a key of our own library context; it checks nothing beforehand.
std::size_t SignInSoftware(EVP_PKEY* key, const SigningAlgorithm& algorithm,
                           std::span<const std::uint8_t> input, std::span<std::uint8_t> signature);

// DecryptInSoftware is PrivateKey::Decrypt with a key of our own library context.
std::size_t DecryptInSoftware(EVP_PKEY* key, const DecryptionAlgorithm& algorithm,
                              std::span<const std::uint8_t> input, std::span<std::uint8_t> output);

// DeriveInSoftware is PrivateKey::Derive with a key of our own library context.
Secret DeriveInSoftware(EVP_PKEY* key, std::span<const std::uint8_t> peer_point);

}  // namespace signet::inline identity

#pragma once

#include <signet/error.h>
#include <signet/private_key.h>

#include <cstddef>
#include <cstdint>
#include <span>

// What is left to do after the RSA private operation of a decryption, in time that does not depend on what
// the block contains: an attacker who can distinguish valid from invalid blocks can decrypt (Bleichenbacher,
// Manger).
namespace signet::inline identity {

// UnpadPkcs1 gives the message of an RSAES-PKCS1-v1_5 block (RFC 8017 section 7.2.2), with implicit
// rejection: a malformed block gives a message that looks random and is always the same for the same
// `ciphertext` (draft-irtf-cfrg-rsa-guidance section 7). `key_secret` is a secret of the key. Block,
// ciphertext and `message` are as long as the modulus; all of `message` is written, the result says how much
// of it counts.
std::size_t UnpadPkcs1(std::span<const std::uint8_t> block, std::span<const std::uint8_t> ciphertext,
                       std::span<const std::uint8_t, 32> key_secret, std::span<std::uint8_t> message);

// RejectPkcs1 gives the message for a block that the token found malformed.
std::size_t RejectPkcs1(std::span<const std::uint8_t> ciphertext,
                        std::span<const std::uint8_t, 32> key_secret, std::span<std::uint8_t> message);

// UnpadOaep gives the message of an RSAES-OAEP block (RFC 8017 section 7.1.2); throws Error kBadArgument,
// always the same one, for a block that is malformed or was made with another hash or label.
std::size_t UnpadOaep(const DecryptionAlgorithm& algorithm, std::span<const std::uint8_t> block,
                      std::span<std::uint8_t> message);
// MalformedOaep is that error, for a block that the token found malformed.
Error MalformedOaep();

}  // namespace signet::inline identity

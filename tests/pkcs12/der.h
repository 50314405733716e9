#pragma once

#include <signet/certificate.h>

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

namespace signet::der {

// A few lines of DER writing, for files that OpenSSL's own functions do not make.
using Value = std::vector<std::uint8_t>;

// Tlv writes one element around `parts`, one behind the other.
Value Tlv(std::uint8_t tag, std::initializer_list<Value> parts);
Value Octets(std::span<const std::uint8_t> bytes);
Value Oid(const char* dotted);
Value Integer(std::uint64_t value);
inline Value Sequence(std::initializer_list<Value> parts) { return Tlv(0x30, parts); }
inline Value Set(std::initializer_list<Value> parts) { return Tlv(0x31, parts); }
inline Value Context0(std::initializer_list<Value> parts) { return Tlv(0xa0, parts); }
inline Value Null() { return {0x05, 0x00}; }
// Indefinite writes the same with an indefinite length (X.690 section 8.1.3.6).
Value Indefinite(std::uint8_t tag, std::initializer_list<Value> parts);

// Data is a ContentInfo of type data (RFC 5652 section 4).
Value Data(const Value& content);
Value KeyBag(std::span<const std::uint8_t> pkcs8, const Value& attributes = {});
Value CertificateBag(const Certificate& certificate, const Value& attributes = {});
Value LocalKeyId(std::string_view id);
// SafeContents is a safe with these bags, not encrypted; AuthenticatedSafe the list of safes.
inline Value SafeContents(std::initializer_list<Value> bags) { return Data(Sequence(bags)); }
// Pfx is a whole file; `mac_data` may be empty.
Value Pfx(const Value& authenticated_safe, const Value& mac_data = {});

// Pbmac1 is a MacData (RFC 9579) with HMAC-SHA-256 over `content` under `password`; its key length is written
// as `key_size` says, and left out for 0.
Value Pbmac1(const Value& content, std::string_view password, std::uint64_t key_size,
             std::uint64_t iterations = 2);

}  // namespace signet::der

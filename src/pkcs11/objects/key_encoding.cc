#include "pkcs11/objects/key_encoding.h"

#include "base/openssl_context.h"
#include "base/openssl_error.h"
#include "base/openssl_ptr.h"
#include "identity/der.h"

#include <algorithm>
#include <array>

#include <openssl/ec.h>
#include <openssl/objects.h>

namespace signet::inline pkcs11 {
namespace {

using Span = std::span<const std::uint8_t>;

// Names of Edwards and Montgomery curves that modules use, and OpenSSL's.
struct CurveName {
  const char* name;
  const char* openssl;
};
constexpr CurveName kNames[] = {
    {"edwards25519", "ED25519"}, {"edwards448", "ED448"}, {"curve25519", "X25519"}, {"curve448", "X448"},
    {"Ed25519", "ED25519"},      {"Ed448", "ED448"},      {"X25519", "X25519"},     {"X448", "X448"},
};
// GnuPG's identifiers of two curves, which some modules write.
constexpr std::array<std::uint8_t, 9> kGnuEdwards = {0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01};
constexpr std::array<std::uint8_t, 10> kGnuMontgomery = {0x2b, 0x06, 0x01, 0x04, 0x01,
                                                         0x97, 0x55, 0x01, 0x05, 0x01};

// Most keys are on these; a table spares making the group to learn the size of its field.
struct FieldSize {
  const char* curve;
  std::size_t bytes;
};
constexpr FieldSize kFieldSizes[] = {
    {"prime256v1", 32}, {"secp384r1", 48}, {"secp521r1", 66}, {"secp256k1", 32}};

std::string NameOfOid(Span der, Span content) {
  if (std::ranges::equal(content, kGnuEdwards)) return "ED25519";
  if (std::ranges::equal(content, kGnuMontgomery)) return "X25519";
  const unsigned char* position = der.data();
  const OpenSslPtr<ASN1_OBJECT> object(d2i_ASN1_OBJECT(nullptr, &position, static_cast<long>(der.size())));
  const int nid = object != nullptr ? OBJ_obj2nid(object.get()) : NID_undef;
  return nid != NID_undef ? OBJ_nid2sn(nid) : "";
}

std::string NameOfText(Span content) {
  const std::string text(content.begin(), content.end());
  for (const CurveName& row : kNames) {
    if (text == row.name) return row.openssl;
  }
  int nid = EC_curve_nist2nid(text.c_str());
  if (nid == NID_undef) nid = OBJ_sn2nid(text.c_str());
  if (nid == NID_undef) nid = OBJ_ln2nid(text.c_str());
  if (nid == NID_undef && text == "secp256r1") nid = NID_X9_62_prime256v1;
  if (nid == NID_undef && text == "secp192r1") nid = NID_X9_62_prime192v1;
  return nid != NID_undef ? OBJ_nid2sn(nid) : "";
}

std::string NameOfExplicit(Span der) {
  const unsigned char* position = der.data();
  const OpenSslPtr<EC_GROUP> group(d2i_ECPKParameters(nullptr, &position, static_cast<long>(der.size())));
  if (group == nullptr) return "";
  int nid = EC_GROUP_get_curve_name(group.get());
  if (nid == NID_undef) nid = EC_GROUP_check_named_curve(group.get(), 0, nullptr);
  return nid != NID_undef ? OBJ_nid2sn(nid) : "";
}

OpenSslPtr<EC_GROUP> GroupOf(const std::string& curve) {
  const int nid = OBJ_sn2nid(curve.c_str());
  return OpenSslPtr<EC_GROUP>(nid != NID_undef ? EC_GROUP_new_by_curve_name_ex(OwnContext(), nullptr, nid)
                                               : nullptr);
}

std::size_t FieldSizeOf(const std::string& curve) {
  const auto* row =
      std::ranges::find_if(kFieldSizes, [&](const FieldSize& one) { return curve == one.curve; });
  if (row != std::end(kFieldSizes)) return row->bytes;
  const OpenSslPtr<EC_GROUP> group = GroupOf(curve);
  return group != nullptr ? (static_cast<std::size_t>(EC_GROUP_get_degree(group.get())) + 7) / 8 : 0;
}

// PlausiblePoint tells whether the bytes have a form and the length of a point in a field of `size` bytes.
bool PlausiblePoint(Span bytes, std::size_t size) {
  if (bytes.empty()) return false;
  const std::uint8_t form = bytes[0];
  if (bytes.size() == 1 + 2 * size) return form == 0x04 || form == 0x06 || form == 0x07;
  return bytes.size() == 1 + size && (form == 0x02 || form == 0x03);
}

// Wrapped gives what a DER OCTET STRING or BIT STRING holds that is all of `value`.
Span InOctetString(Span value) { return DerContent(kOctetString, value); }
Span InBitString(Span value) {
  const Span bits = DerContent(kBitString, value);
  return !bits.empty() && bits[0] == 0 ? bits.subspan(1) : Span();
}

}  // namespace

std::string CurveOf(Span params) {
  const OpenSslErrorMark mark;
  if (params.empty()) return "";
  const Span content = DerContent(params[0], params);
  if (content.empty()) return "";
  switch (params[0]) {
    case kObjectIdentifier:
      return NameOfOid(params, content);
    case kPrintableString:
    case kUtf8String:
      return NameOfText(content);
    case kSequence:
      return NameOfExplicit(params);
    default:
      return "";
  }
}

std::vector<std::uint8_t> UncompressedPoint(const std::string& curve, Span value) {
  const OpenSslErrorMark mark;
  const std::size_t size = FieldSizeOf(curve);
  if (size == 0) return {};
  std::vector<std::uint8_t> bare;
  Span bytes;
  for (const Span candidate : {value, InOctetString(value), InBitString(value)}) {
    if (bytes.empty() && PlausiblePoint(candidate, size)) bytes = candidate;
  }
  // A few modules leave the form out: x and y alone.
  for (const Span candidate : {value, InOctetString(value)}) {
    if (!bytes.empty() || candidate.size() != 2 * size) continue;
    bare.assign(1, 0x04);
    bare.insert(bare.end(), candidate.begin(), candidate.end());
    bytes = bare;
  }
  if (!bytes.empty() && bytes[0] == 0x04) return {bytes.begin(), bytes.end()};
  const OpenSslPtr<EC_GROUP> group = bytes.empty() ? nullptr : GroupOf(curve);
  const OpenSslPtr<EC_POINT> point(group != nullptr ? EC_POINT_new(group.get()) : nullptr);
  if (point == nullptr ||
      EC_POINT_oct2point(group.get(), point.get(), bytes.data(), bytes.size(), nullptr) != 1) {
    return {};
  }
  std::vector<std::uint8_t> result(1 + 2 * size);
  const std::size_t written = EC_POINT_point2oct(group.get(), point.get(), POINT_CONVERSION_UNCOMPRESSED,
                                                 result.data(), result.size(), nullptr);
  return written == result.size() ? result : std::vector<std::uint8_t>();
}

Span RawPoint(std::size_t size, Span value) {
  for (const Span candidate : {value, InOctetString(value), InBitString(value)}) {
    if (candidate.size() == size) return candidate;
  }
  return {};
}

}  // namespace signet::inline pkcs11

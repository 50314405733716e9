#include "pkcs12/der.h"

#include "pkcs12/derivation.h"

#include <openssl/asn1.h>
#include <openssl/evp.h>

namespace signet::der {
namespace {

Value Joined(std::initializer_list<Value> parts) {
  Value joined;
  for (const Value& part : parts) joined.insert(joined.end(), part.begin(), part.end());
  return joined;
}

Value Wrapped(std::uint8_t tag, const Value& content) {
  Value element{tag};
  if (content.size() < 0x80) {
    element.push_back(static_cast<std::uint8_t>(content.size()));
  } else {
    element.push_back(0x84);
    for (int shift = 24; shift >= 0; shift -= 8)
      element.push_back(static_cast<std::uint8_t>(content.size() >> shift));
  }
  element.insert(element.end(), content.begin(), content.end());
  return element;
}

}  // namespace

Value Tlv(std::uint8_t tag, std::initializer_list<Value> parts) { return Wrapped(tag, Joined(parts)); }

Value Octets(std::span<const std::uint8_t> bytes) { return Wrapped(0x04, {bytes.begin(), bytes.end()}); }

Value Oid(const char* dotted) {
  Value content(64);
  content.resize(static_cast<std::size_t>(
      a2d_ASN1_OBJECT(content.data(), static_cast<int>(content.size()), dotted, -1)));
  return Wrapped(0x06, content);
}

Value Integer(std::uint64_t value) {
  Value content{static_cast<std::uint8_t>(value)};
  while ((value >>= 8) != 0) content.insert(content.begin(), static_cast<std::uint8_t>(value));
  if ((content.front() & 0x80) != 0) content.insert(content.begin(), 0);
  return Wrapped(0x02, content);
}

Value Indefinite(std::uint8_t tag, std::initializer_list<Value> parts) {
  Value element{tag, 0x80};
  const Value content = Joined(parts);
  element.insert(element.end(), content.begin(), content.end());
  element.insert(element.end(), {0, 0});
  return element;
}

Value Data(const Value& content) {
  return Sequence({Oid("1.2.840.113549.1.7.1"), Context0({Octets(content)})});
}

Value KeyBag(std::span<const std::uint8_t> pkcs8, const Value& attributes) {
  return Sequence(
      {Oid("1.2.840.113549.1.12.10.1.1"), Context0({Value(pkcs8.begin(), pkcs8.end())}), attributes});
}

Value CertificateBag(const Certificate& certificate, const Value& attributes) {
  const Value bag = Sequence({Oid("1.2.840.113549.1.9.22.1"), Context0({Octets(certificate.der())})});
  return Sequence({Oid("1.2.840.113549.1.12.10.1.3"), Context0({bag}), attributes});
}

Value LocalKeyId(std::string_view id) {
  const Value bytes(id.begin(), id.end());
  return Set({Sequence({Oid("1.2.840.113549.1.9.21"), Set({Octets(bytes)})})});
}

Value Pfx(const Value& authenticated_safe, const Value& mac_data) {
  return Sequence({Integer(3), Data(authenticated_safe), mac_data});
}

Value Pbmac1(const Value& content, std::string_view password, std::uint64_t key_size,
             std::uint64_t iterations) {
  const Value salt{1, 2, 3, 4, 5, 6, 7, 8};
  const Value prf = Sequence({Oid("1.2.840.113549.2.9"), Null()});
  const Value length = key_size != 0 ? Integer(key_size) : Value();
  const Value kdf =
      Sequence({Oid("1.2.840.113549.1.5.12"), Sequence({Octets(salt), Integer(iterations), length, prf})});
  const std::size_t derived = key_size == 0 || key_size > 1024 ? 32 : key_size;
  const DerivedKey key =
      DerivePbkdf2(FindHmac("test", "1.2.840.113549.2.9"), Secret(password), salt, iterations, derived);
  Value mac(32);
  std::size_t size = 0;
  EVP_Q_mac(nullptr, "HMAC", nullptr, "SHA256", nullptr, key.bytes().data(), key.bytes().size(),
            content.data(), content.size(), mac.data(), mac.size(), &size);
  const Value algorithm = Sequence({Oid("1.2.840.113549.1.5.14"), Sequence({kdf, prf})});
  return Sequence({Sequence({algorithm, Octets(mac)}), Octets(Value{0}), Integer(1)});
}

}  // namespace signet::der

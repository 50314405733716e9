#include "base/percent_encoding.h"
#include "identity/public_key.h"
#include "libp11/libp11_error.h"
#include "libp11/libp11_key.h"
#include <signet/error.h>
#include <signet/libp11_identity.h>

#include <utility>

#include <fmt/format.h>

namespace signet {
namespace {

Certificate CopyOf(const X509* native) {
  unsigned char* der = nullptr;
  const int size = native != nullptr ? i2d_X509(native, &der) : -1;
  if (size <= 0) {
    throw Error(
        {.code = ErrorCode::kBadArgument,
         .detail = "the PKCS11_CERT contains no certificate",
         .hint = "Pass a result of PKCS11_enumerate_certs before you enumerate or store other objects."});
  }
  const OpenSslPtr<unsigned char> owned(der);
  return Certificate::FromDer({der, static_cast<std::size_t>(size)});
}

// UriOf names the object as far as libp11 tells: a certificate does not say which token it is from.
std::string UriOf(const PKCS11_CERT& certificate, const PKCS11_TOKEN* token) {
  std::string path;
  const auto add = [&](std::string_view name, const std::string& encoded) {
    path += fmt::format("{}{}={}", path.empty() ? "" : ";", name, encoded);
  };
  if (token != nullptr && token->label != nullptr) add("token", PercentEncode(token->label));
  if (token != nullptr && token->serialnr != nullptr) add("serial", PercentEncode(token->serialnr));
  std::string id;
  for (std::size_t i = 0; i < certificate.id_len; ++i) id += fmt::format("%{:02X}", certificate.id[i]);
  if (!id.empty()) add("id", id);
  if (certificate.label != nullptr && certificate.label[0] != '\0')
    add("object", PercentEncode(certificate.label));
  return "pkcs11:" + path;
}

}  // namespace

Identity FromLibp11(const PKCS11_CERT* certificate, PKCS11_KEY* key, const std::vector<Certificate>& issuers,
                    const PKCS11_TOKEN* token) {
  if (certificate == nullptr || key == nullptr) {
    throw Error({.code = ErrorCode::kBadArgument, .detail = "an identity needs a certificate and a key"});
  }
  const CallersErrors callers;
  const Certificate leaf = CopyOf(certificate->x509);
  std::string uri = UriOf(*certificate, token);
  OpenSslPtr<EVP_PKEY> native(PKCS11_get_private_key(key));
  if (native == nullptr) {
    throw Error(
        {.code = ErrorCode::kUnsupported,
         .detail = "libp11 provides no private key for this object",
         .call = "PKCS11_get_private_key",
         .uri = uri,
         .hint = "Log in first; if this libp11 does not support the key, open it with its pkcs11: URI."});
  }
  auto held = std::make_shared<Libp11Key>(std::move(native),
                                          PublicKey::FromSpki(leaf.subject_public_key_info()), uri);
  return Identity::Make(CertificateChain(leaf, issuers), std::move(held), Identity::Source::kApplication,
                          std::move(uri));
}

}  // namespace signet

#include "base/openssl_context.h"
#include "base/openssl_error.h"
#include "base/openssl_ptr.h"
#include "pkcs12/file_key.h"
#include "pkcs12/pkcs12_source.h"
#include <signet/identity.h>

#include <algorithm>

#include <fmt/format.h>
#include <openssl/pem.h>

namespace signet {
namespace {

// Answer is the password for OpenSSL's callback, and whether OpenSSL asked for it.
struct Answer {
  const std::optional<Secret>& password;
  bool asked = false;
};

int AnswerPassword(char* buffer, int size, int, void* data) {
  auto& answer = *static_cast<Answer*>(data);
  answer.asked = true;
  if (!answer.password || answer.password->size() > static_cast<std::size_t>(size)) return -1;
  std::ranges::copy(answer.password->view(), buffer);
  return static_cast<int>(answer.password->size());
}

[[noreturn]] void ThrowUnreadableKey(const Answer& answer) {
  if (answer.asked && !answer.password) {
    throw Error({.code = ErrorCode::kPinNeeded,
                 .detail = "the private key is encrypted and no password was given",
                 .hint = "Pass the password."});
  }
  if (answer.asked) {
    ThrowOpenSsl(ErrorCode::kWrongPassword, "PEM_read_bio_PrivateKey_ex",
                 "the private key cannot be decrypted with this password", "Pass the correct password.");
  }
  ThrowOpenSsl(ErrorCode::kMalformed, "PEM_read_bio_PrivateKey_ex", "the text contains no private key",
               "Pass a PEM text with `-----BEGIN PRIVATE KEY-----`.");
}

std::shared_ptr<PrivateKey> KeyFromPem(std::string_view pem, const std::optional<Secret>& password) {
  const OpenSslErrorMark mark;
  const OpenSslPtr<BIO> bio(
      CheckOpenSsl(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), "BIO_new_mem_buf"));
  Answer answer{password};
  const OpenSslPtr<EVP_PKEY> key(
      PEM_read_bio_PrivateKey_ex(bio.get(), nullptr, AnswerPassword, &answer, OwnContext(), nullptr));
  if (key == nullptr) ThrowUnreadableKey(answer);
  const OpenSslPtr<PKCS8_PRIV_KEY_INFO> info(CheckOpenSsl(EVP_PKEY2PKCS8(key.get()), "EVP_PKEY2PKCS8"));
  const int size = i2d_PKCS8_PRIV_KEY_INFO(info.get(), nullptr);
  CheckOpenSsl(size, "i2d_PKCS8_PRIV_KEY_INFO");
  Secret der = Secret::OfSize(static_cast<std::size_t>(size));
  unsigned char* position = der.writable_bytes().data();
  CheckOpenSsl(i2d_PKCS8_PRIV_KEY_INFO(info.get(), &position), "i2d_PKCS8_PRIV_KEY_INFO");
  return FileKey::FromPkcs8(der.writable_bytes());
}

// A secret is not copied by itself.
std::optional<Secret> Copy(const std::optional<Secret>& password) {
  return password ? std::optional<Secret>(password->Clone()) : std::nullopt;
}

}  // namespace

Identity Identity::FromPem(std::string_view certificates, std::string_view key,
                           const std::optional<Secret>& password) {
  const std::vector<Certificate> all = Certificate::FromPem(certificates);
  return Make(CertificateChain(all.front(), all), KeyFromPem(key, password), Source::kApplication, {});
}

Identity Identity::FromPkcs12(std::span<const std::uint8_t> bytes, const std::optional<Secret>& password) {
  const Listing listing = ListPkcs12Bytes(bytes, Copy(password), Settings());
  if (listing.identities.size() == 1) return listing.identities.front();
  if (listing.identities.empty() && !listing.problems.empty()) throw listing.problems.front().error;
  if (listing.identities.empty()) {
    throw Error({.code = ErrorCode::kNotFound,
                 .detail = "the file contains no identity",
                 .hint = "Export the private key together with its certificate."});
  }
  throw Error({.code = ErrorCode::kAmbiguous,
               .detail = fmt::format("the file contains {} identities", listing.identities.size()),
               .hint = "Export only one of them, or open the file with a pkcs12: URI that names one."});
}

}  // namespace signet

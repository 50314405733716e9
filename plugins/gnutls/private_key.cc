// A gnutls_privkey_t that signs with an identity's key.
#include "gnutls/private_key.h"

#include "gnutls/certificates.h"
#include "gnutls/guard.h"
#include "gnutls/schemes.h"
#include <signet/gnutls.h>

#include <algorithm>
#include <cstdint>
#include <new>
#include <utility>
#include <vector>

namespace signet::gnutls {
namespace {

// Key is what a gnutls_privkey_t has as its user data.
struct Key {
  Owned<signet_identity> identity;
  std::shared_ptr<Attempt> attempt;
  gnutls_pk_algorithm_t algorithm;
  unsigned bits;
  std::vector<std::uint16_t> schemes;

  int Failed(signet_error* error) const {
    Owned<signet_error> owned(error);
    if (attempt == nullptr) return GNUTLS_E_PK_SIGN_FAILED;
    const std::lock_guard lock(attempt->mutex);
    attempt->error = std::move(owned);
    return GNUTLS_E_PK_SIGN_FAILED;
  }

  // Sign has `sign` write a signature of at most the given capacity, and hands it to GnuTLS.
  template <typename Function>
  int Sign(gnutls_datum_t* signature, const Function& sign) const noexcept {
    const std::size_t capacity = signet_identity_max_signature_size(identity.get());
    auto* room = static_cast<std::uint8_t*>(gnutls_malloc(capacity));
    if (room == nullptr) return GNUTLS_E_MEMORY_ERROR;
    signet_error* error = nullptr;
    const std::size_t size = sign(room, capacity, &error);
    if (size == 0) {
      gnutls_free(room);
      return Failed(error);
    }
    *signature = {room, static_cast<unsigned>(size)};
    return GNUTLS_E_SUCCESS;
  }
};

const Key& Of(void* data) noexcept { return *static_cast<const Key*>(data); }

int SignData(gnutls_privkey_t, gnutls_sign_algorithm_t algorithm, void* data, unsigned,
             const gnutls_datum_t* message, gnutls_datum_t* signature) {
  const Key& key = Of(data);
  const std::uint16_t scheme = SchemeOf(algorithm);
  if (scheme == 0) return GNUTLS_E_UNSUPPORTED_SIGNATURE_ALGORITHM;
  return key.Sign(signature, [&](std::uint8_t* room, std::size_t capacity, signet_error** error) {
    return signet_identity_sign(key.identity.get(), scheme, message->data, message->size, room, capacity,
                                error);
  });
}

int SignHash(gnutls_privkey_t, gnutls_sign_algorithm_t algorithm, void* data, unsigned,
             const gnutls_datum_t* hash, gnutls_datum_t* signature) {
  const Key& key = Of(data);
  const std::uint16_t scheme = SchemeOf(algorithm);
  if (scheme == 0 && algorithm != GNUTLS_SIGN_RSA_RAW) return GNUTLS_E_UNSUPPORTED_SIGNATURE_ALGORITHM;
  return key.Sign(signature, [&](std::uint8_t* room, std::size_t capacity, signet_error** error) {
    // Here the input is a DigestInfo.
    if (algorithm == GNUTLS_SIGN_RSA_RAW) {
      return signet_identity_sign_pkcs1(key.identity.get(), hash->data, hash->size, room, capacity, error);
    }
    return signet_identity_sign_digest(key.identity.get(), scheme, hash->data, hash->size, room, capacity,
                                       error);
  });
}

int Info(gnutls_privkey_t, unsigned flags, void* data) {
  const Key& key = Of(data);
  if ((flags & GNUTLS_PRIVKEY_INFO_PK_ALGO) != 0) return key.algorithm;
  if ((flags & GNUTLS_PRIVKEY_INFO_PK_ALGO_BITS) != 0) return static_cast<int>(key.bits);
  if ((flags & GNUTLS_PRIVKEY_INFO_HAVE_SIGN_ALGO) != 0) {
    const auto algorithm = static_cast<gnutls_sign_algorithm_t>(GNUTLS_FLAGS_TO_SIGN_ALGO(flags));
    if (algorithm == GNUTLS_SIGN_RSA_RAW) return key.algorithm == GNUTLS_PK_RSA ? 1 : 0;
    if (key.algorithm == GNUTLS_PK_ECDSA && IsEcdsaOfAnyCurve(algorithm)) return 1;
    const std::uint16_t scheme = SchemeOf(algorithm);
    return scheme != 0 && std::ranges::find(key.schemes, scheme) != key.schemes.end() ? 1 : 0;
  }
  if ((flags & GNUTLS_PRIVKEY_INFO_SIGN_ALGO) != 0) return GNUTLS_SIGN_UNKNOWN;
  return -1;
}

void Release(gnutls_privkey_t, void* data) { const std::unique_ptr<Key> owned(static_cast<Key*>(data)); }

std::vector<std::uint16_t> SchemesOf(const signet_identity* identity) {
  std::vector<std::uint16_t> schemes(64);
  schemes.resize(
      std::min(schemes.size(), signet_identity_schemes(identity, schemes.data(), schemes.size(), nullptr)));
  return schemes;
}

}  // namespace

Owned<gnutls_privkey_st> MakeKey(const signet_identity* identity, std::shared_ptr<Attempt> attempt) {
  const Certificates certificates(identity);
  if (certificates.algorithm() == GNUTLS_PK_UNKNOWN || certificates.algorithm() == GNUTLS_PK_DSA) {
    throw Refused(std::string("GnuTLS does not support this key: ") + signet_identity_key(identity));
  }
  auto key = std::make_unique<Key>(Key{Copy(identity), std::move(attempt), certificates.algorithm(),
                                       certificates.bits(), SchemesOf(identity)});
  gnutls_privkey_t made = nullptr;
  if (gnutls_privkey_init(&made) < 0) throw std::bad_alloc();
  Owned<gnutls_privkey_st> owned(made);
  const int status =
      gnutls_privkey_import_ext4(made, key.get(), SignData, SignHash, nullptr, Release, Info, 0);
  if (status < 0) throw Refused(std::string("GnuTLS does not accept the key: ") + gnutls_strerror(status));
  static_cast<void>(key.release());  // Release frees it
  return owned;
}

}  // namespace signet::gnutls

extern "C" bool signet_gnutls_privkey(const signet_identity* identity, gnutls_privkey_t* key,
                                      signet_error** error) {
  using namespace signet::gnutls;  // NOLINT: of this function
  if (key != nullptr) *key = nullptr;
  return Guard(error, false, [&] {
    if (identity == nullptr || key == nullptr)
      throw Refused("an argument is NULL", SIGNET_ERROR_BAD_ARGUMENT);
    *key = MakeKey(identity, nullptr).release();
    return true;
  });
}

#include "c_abi/guard.h"
#include <signet/c_identity.h>

#include <algorithm>
#include <optional>
#include <string_view>

namespace signet::c_abi {
namespace {

std::optional<Secret> Password(const char* password) {
  if (password == nullptr) return std::nullopt;
  return Secret(std::string_view(password));
}

}  // namespace
}  // namespace signet::c_abi

signet::CIdentityPtr signet::MakeCIdentity(const Identity& identity) {
  return CIdentityPtr(c_abi::Made(signet_identity(identity)));
}

using signet::c_abi::Given;
using signet::c_abi::Guard;
using signet::c_abi::Made;
using signet::c_abi::Password;

extern "C" {

const char* signet_version(void) { return SIGNET_VERSION; }

signet_identity* signet_identity_from_pem(const char* certificates, size_t certificates_size, const char* key,
                                          size_t key_size, const char* password, signet_error** error) {
  return Guard(error, static_cast<signet_identity*>(nullptr), [&] {
    return Made(
        signet_identity(signet::Identity::FromPem({&Given(certificates, "certificates"), certificates_size},
                                                  {&Given(key, "key"), key_size}, Password(password))));
  });
}

signet_identity* signet_identity_from_pkcs12(const uint8_t* bytes, size_t size, const char* password,
                                             signet_error** error) {
  return Guard(error, static_cast<signet_identity*>(nullptr), [&] {
    return Made(
        signet_identity(signet::Identity::FromPkcs12({&Given(bytes, "bytes"), size}, Password(password))));
  });
}

signet_identity* signet_identity_copy(const signet_identity* identity) {
  return Guard(nullptr, static_cast<signet_identity*>(nullptr),
               [&] { return Made(signet_identity(Given(identity, "identity"))); });
}

void signet_identity_free(signet_identity* identity) { signet::c_abi::Freed(identity); }

const char* signet_identity_uri(const signet_identity* identity) {
  return identity == nullptr ? "" : identity->identity.uri().c_str();
}

const char* signet_identity_subject(const signet_identity* identity) {
  return identity == nullptr ? "" : identity->identity.subject().c_str();
}

const char* signet_identity_user_name(const signet_identity* identity) {
  return identity == nullptr ? "" : identity->identity.user_name().c_str();
}

const char* signet_identity_key(const signet_identity* identity) {
  return identity == nullptr ? "" : identity->key.c_str();
}

bool signet_identity_in_hardware(const signet_identity* identity) {
  return identity != nullptr && identity->identity.key()->in_hardware();
}

size_t signet_identity_certificate_count(const signet_identity* identity) {
  return identity == nullptr ? 0 : identity->identity.chain().certificates().size();
}

const uint8_t* signet_identity_certificate(const signet_identity* identity, size_t index, size_t* size) {
  if (index >= signet_identity_certificate_count(identity)) return nullptr;
  const auto der = identity->identity.chain().certificates()[index].der();
  if (size != nullptr) *size = der.size();
  return der.data();
}

const uint8_t* signet_identity_public_key(const signet_identity* identity, size_t* size) {
  if (identity == nullptr) return nullptr;
  const auto der = identity->identity.key()->subject_public_key_info();
  if (size != nullptr) *size = der.size();
  return der.data();
}

size_t signet_identity_schemes(const signet_identity* identity, uint16_t* schemes, size_t capacity,
                               signet_error** error) {
  return Guard(error, size_t{0}, [&] {
    const auto all = Given(identity, "identity").identity.key()->schemes();
    for (size_t i = 0; schemes != nullptr && i < std::min(capacity, all.size()); ++i) {
      schemes[i] = static_cast<uint16_t>(all[i]);
    }
    return all.size();
  });
}

bool signet_identity_unlock(const signet_identity* identity, signet_error** error) {
  return Guard(error, false, [&] {
    Given(identity, "identity").identity.key()->Unlock();
    return true;
  });
}

}  // extern "C"

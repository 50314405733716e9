#include "testing/module/handles.h"
#include "testing/module/overrides.h"

#include <algorithm>
#include <array>
#include <vector>

#include <openssl/evp.h>

namespace signet::testing {
namespace {

using Context = SessionState::Context;

bool Refused(const ModuleBehaviour& behaviour, const CK_MECHANISM* mechanism) {
  if (mechanism == nullptr) return false;
  const auto among = [&](const std::vector<unsigned long>& list) {
    return std::ranges::find(list, mechanism->mechanism) != list.end();
  };
  if (!behaviour.allowed_mechanisms.empty() && !among(behaviour.allowed_mechanisms)) return true;
  return among(behaviour.hidden_mechanisms) || among(behaviour.refused_mechanisms);
}

bool Enforced(const Rules& rules) {
  return rules.behaviour.always_authenticate != ModuleBehaviour::AlwaysAuthenticate::kAsIs;
}

void Distort(const ModuleBehaviour& behaviour, unsigned char* signature, CK_ULONG room, CK_ULONG* length) {
  if (behaviour.corrupt_signature && *length > 0) signature[*length - 1] ^= 1;
  switch (behaviour.signature_length) {
    case ModuleBehaviour::SignatureLength::kAsIs:
      return;
    case ModuleBehaviour::SignatureLength::kZero:
      *length = 0;
      return;
    case ModuleBehaviour::SignatureLength::kOneShort:
      *length -= std::min<CK_ULONG>(*length, 1);
      return;
    case ModuleBehaviour::SignatureLength::kBeyondBuffer:
      *length = room + 16;
      return;
  }
}

// HashFor gives the hash that the wrapper makes for `mechanism`, or null.
const EcdsaHash* HashFor(const ModuleBehaviour& behaviour, CK_MECHANISM_TYPE mechanism) {
  const auto* row = std::ranges::find(kEcdsaHashes, mechanism, &EcdsaHash::mechanism);
  return behaviour.ecdsa_hashes && row != std::end(kEcdsaHashes) ? row : nullptr;
}

std::vector<unsigned char> Digest(const char* hash, const unsigned char* data, CK_ULONG size) {
  std::vector<unsigned char> digest(EVP_MAX_MD_SIZE);
  std::size_t length = 0;
  EVP_Q_digest(nullptr, hash, nullptr, data, size, digest.data(), &length);
  digest.resize(length);
  return digest;
}

// Authorised ends an operation whose PIN was not given, and reports this; the real module must not keep it.
template <class Operation>
bool Authorised(Module& module, const Rules& rules, CK_SESSION_HANDLE session, Operation real_operation) {
  if (!Enforced(rules) || module.Context(session) == Context::kLoggedIn) return true;
  module.SetContext(session, Context::kIdle);
  std::array<unsigned char, 4096> thrown_away;
  CK_ULONG size = thrown_away.size();
  real_operation(thrown_away.data(), &size);
  return false;
}

}  // namespace

CK_RV SignInit(Module& module, const Rules& rules, CK_SESSION_HANDLE session, CK_MECHANISM* mechanism,
               CK_OBJECT_HANDLE key) {
  if (Refused(rules.behaviour, mechanism)) return CKR_MECHANISM_INVALID;
  const EcdsaHash* hash = mechanism != nullptr ? HashFor(rules.behaviour, mechanism->mechanism) : nullptr;
  CK_MECHANISM plain{CKM_ECDSA, nullptr, 0};
  module.SetHashing(session, hash != nullptr ? hash->mechanism : 0);
  const CK_RV result =
      module.real().C_SignInit(session, hash != nullptr ? &plain : mechanism, Inside(rules, key));
  if (result == CKR_OK && Enforced(rules)) module.SetContext(session, Context::kWantsLogin);
  return result;
}

CK_RV DecryptInit(Module& module, const Rules& rules, CK_SESSION_HANDLE session, CK_MECHANISM* mechanism,
                  CK_OBJECT_HANDLE key) {
  if (Refused(rules.behaviour, mechanism)) return CKR_MECHANISM_INVALID;
  const CK_RV result = module.real().C_DecryptInit(session, mechanism, Inside(rules, key));
  if (result == CKR_OK && Enforced(rules)) module.SetContext(session, Context::kWantsLogin);
  return result;
}

CK_RV Sign(Module& module, const Rules& rules, CK_SESSION_HANDLE session, unsigned char* data, CK_ULONG size,
           unsigned char* signature, CK_ULONG* length) {
  const EcdsaHash* hash = HashFor(rules.behaviour, module.Hashing(session));
  std::vector<unsigned char> digest;
  if (hash != nullptr) {
    digest = Digest(hash->hash, data, size);
    data = digest.data();
    size = digest.size();
  }
  const auto real = [&](unsigned char* to, CK_ULONG* room) {
    return module.real().C_Sign(session, data, size, to, room);
  };
  if (!Authorised(module, rules, session, real)) return CKR_USER_NOT_LOGGED_IN;
  const CK_ULONG room = length != nullptr ? *length : 0;
  const CK_RV result = real(signature, length);
  const bool goes_on = result == CKR_BUFFER_TOO_SMALL || (result == CKR_OK && signature == nullptr);
  if (!goes_on) module.SetContext(session, Context::kIdle);
  if (result == CKR_OK && signature != nullptr) Distort(rules.behaviour, signature, room, length);
  return result;
}

CK_RV SignFinal(Module& module, const Rules& rules, CK_SESSION_HANDLE session, unsigned char* signature,
                CK_ULONG* length) {
  const CK_ULONG room = length != nullptr ? *length : 0;
  const CK_RV result = module.real().C_SignFinal(session, signature, length);
  if (result == CKR_OK && signature != nullptr) Distort(rules.behaviour, signature, room, length);
  return result;
}

CK_RV Decrypt(Module& module, const Rules& rules, CK_SESSION_HANDLE session, unsigned char* data,
              CK_ULONG size, unsigned char* clear, CK_ULONG* length) {
  const auto real = [&](unsigned char* to, CK_ULONG* room) {
    return module.real().C_Decrypt(session, data, size, to, room);
  };
  if (!Authorised(module, rules, session, real)) return CKR_USER_NOT_LOGGED_IN;
  const CK_ULONG room = length != nullptr ? *length : 0;
  const CK_RV result = real(clear, length);
  const bool goes_on = result == CKR_BUFFER_TOO_SMALL || (result == CKR_OK && clear == nullptr);
  if (!goes_on) module.SetContext(session, Context::kIdle);
  const bool beyond = rules.behaviour.signature_length == ModuleBehaviour::SignatureLength::kBeyondBuffer;
  if (result == CKR_OK && clear != nullptr && beyond) *length = room + 16;
  return result;
}

}  // namespace signet::testing

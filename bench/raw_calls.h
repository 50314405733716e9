#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <p11-kit/pkcs11.h>

namespace signet::bench {

// RawModule is a PKCS#11 module opened without anybody between: what the others are measured against. It
// lives as long as the process. Everything throws std::runtime_error.
class RawModule {
 public:
  explicit RawModule(const std::string& path);
  // LogIn takes the first token, which stays logged in.
  void LogIn(std::string_view pin);
  CK_FUNCTION_LIST& functions() const noexcept { return *functions_; }
  // OpenSession gives a session of the token.
  CK_SESSION_HANDLE OpenSession(bool read_write = false) const;
  // FindPrivateKey gives the key with this CKA_ID.
  CK_OBJECT_HANDLE FindPrivateKey(std::string_view id) const;

 private:
  CK_FUNCTION_LIST* functions_ = nullptr;
  CK_SLOT_ID slot_ = 0;
  CK_SESSION_HANDLE session_ = 0;
};

// RawSigner makes ECDSA signatures by C_SignInit and C_Sign on one session. For one thread.
class RawSigner {
 public:
  RawSigner(const RawModule& module, CK_OBJECT_HANDLE key)
      : functions_(module.functions()), session_(module.OpenSession()), key_(key) {}
  void Sign(std::span<const std::uint8_t> digest);

 private:
  CK_FUNCTION_LIST& functions_;
  const CK_SESSION_HANDLE session_;
  const CK_OBJECT_HANDLE key_;
};

}  // namespace signet::bench

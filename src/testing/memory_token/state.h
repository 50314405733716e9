#pragma once

#include "base/openssl_ptr.h"
#include "testing/memory_token/control.h"
#include "testing/module/functions.h"

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <p11-kit/pkcs11.h>

namespace signet::testing {

struct MemoryToken;

// StoredObject is one object; a session object belongs to `owner` and ends with it.
struct MemoryObject {
  CK_OBJECT_HANDLE handle = 0;
  MemoryAttributes attributes;
  std::shared_ptr<EVP_PKEY> key;  // of a private key
  CK_SESSION_HANDLE owner = 0;

  CK_ULONG Number(CK_ATTRIBUTE_TYPE type, CK_ULONG otherwise) const;
  bool Is(CK_ATTRIBUTE_TYPE type) const;
  std::string Bytes(CK_ATTRIBUTE_TYPE type) const;
};

struct MemoryToken {
  MemoryTokenOptions options;
  int tries = 3;
  int so_tries = 3;
  unsigned long flags_set = 0;
  unsigned long drawn_flags = 0;     // that a disturbance added to CK_TOKEN_INFO's,
  unsigned long drawn_cleared = 0;   // and took away
  std::optional<CK_USER_TYPE> user;  // who is logged in
  std::vector<std::unique_ptr<MemoryObject>> objects;
  std::unordered_map<CK_OBJECT_HANDLE, MemoryObject*> by_handle;

  CK_FLAGS Flags() const;
};

struct MemoryOperation {
  CK_OBJECT_HANDLE key = 0;
  CK_MECHANISM_TYPE mechanism = 0;
  std::string parameter;  // the structure's bytes
  std::string label;      // OAEP's source, whose memory is the caller's
  bool context_login_due = false;
};

struct MemorySession {
  CK_SLOT_ID slot = 0;
  MemoryToken* token = nullptr;
  CK_FLAGS flags = 0;
  bool gone = false;  // its token was removed
  std::optional<std::pair<std::vector<CK_OBJECT_HANDLE>, std::size_t>> search;
  std::optional<MemoryOperation> sign;
  std::optional<MemoryOperation> decrypt;
};

// On is what a call is about.
struct CallOn {
  CK_SESSION_HANDLE session = 0;
  std::optional<CK_SLOT_ID> slot = {};
  CK_ATTRIBUTE* attributes = nullptr;  // of C_GetAttributeValue
  CK_ULONG attribute_count = 0;
  CK_USER_TYPE user_type = 0;        // of C_Login, C_InitToken
  const std::string* pin = nullptr;  // of C_Login, C_InitToken, C_SetPIN: the one that the token has
};

// MemoryState is everything that the module knows. One mutex guards it; a forked child finds it free, not
// initialised, without sessions and logins.
class MemoryState final : public MemoryControl {
 public:
  static MemoryState& Get();

  // Call runs `body`, which takes no argument and may set call().*, unless a fault or a disturbance answers.
  template <class Body>
  CK_RV Call(std::size_t function, const CallOn& on, Body body) noexcept {
    const std::lock_guard lock(mutex_);
    try {
      Begin(function, on);
      CK_RV rv = CKR_OK;
      const std::optional<Injection> injection = Injected(function, on);
      if (injection && !injection->after) {
        rv = injection->rv;
      } else {
        rv = Gate(function, on);
        if (rv == CKR_OK) rv = body();
        if (injection) rv = injection->rv;
      }
      if (injection) Make(*injection, function, on);
      return End(rv, injection.has_value());
    } catch (const std::exception&) {
      return End(CKR_HOST_MEMORY, false);
    }
  }

  // What the functions work on; only inside of Call.
  MemoryCall& call() { return call_; }
  const MemoryBehaviour& behaviour() const { return behaviour_; }
  bool initialised() const { return initialised_; }
  bool lost_service() const { return lost_service_.has_value(); }
  void SetInitialised(bool on);
  std::vector<MemoryToken*>& slots() { return slots_; }
  MemoryToken* TokenIn(CK_SLOT_ID slot);
  // Told notes which flags this call shows of a token.
  void Told(const MemoryToken& token, CK_FLAGS flags);
  MemorySession& SessionOf(CK_SESSION_HANDLE session) { return sessions_.at(session); }
  std::map<CK_SESSION_HANDLE, MemorySession>& sessions() { return sessions_; }
  CK_SESSION_HANDLE OpenSession(CK_SLOT_ID slot, CK_FLAGS flags);
  void CloseSession(CK_SESSION_HANDLE session);
  void CloseAllSessions(CK_SLOT_ID slot);
  MemoryObject* ObjectOf(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle);
  bool Sees(const MemorySession& session, CK_SESSION_HANDLE handle, const MemoryObject& object) const;
  MemoryObject& Store(MemoryToken& token, MemoryAttributes attributes, std::shared_ptr<EVP_PKEY> key,
                      CK_SESSION_HANDLE owner);
  void Destroy(MemoryToken& token, CK_OBJECT_HANDLE handle);
  // version_3 and CancelOperations (C_SessionCancel) are not called inside of Call.
  bool version_3() const;
  CK_RV CancelOperations(CK_SESSION_HANDLE session, CK_FLAGS flags);
  OSSL_LIB_CTX* library() { return library_.get(); }
  // PooledKey gives the one key of its kind; `curve` is null but for EC.
  std::shared_ptr<EVP_PKEY> PooledKey(const char* type, const char* curve);

  // MemoryControl
  void Clear() override;
  std::size_t AddSlot() override;
  std::size_t MakeToken(const MemoryTokenOptions& options) override;
  void AddObject(std::size_t token, const MemoryAttributes& attributes, const std::string& pkcs8) override;
  MemoryTokenOptions Options(std::size_t token) const override;
  std::vector<MemoryStored> Stored(std::size_t token) const override;
  void Insert(std::size_t token, std::size_t slot) override;
  void Remove(std::size_t token) override;
  void Swap(std::size_t slot, std::size_t other) override;
  void LogOut(std::size_t token) override;
  void DropSessions() override;
  void FinaliseByOthers() override;
  void LoseService(unsigned long code) override;
  void SetFlags(std::size_t token, unsigned long flags) override;
  void SetPin(std::size_t token, const std::string& pin) override;
  void SetTries(std::size_t token, int tries) override;
  void Set(const MemoryBehaviour& behaviour) override;
  void Disturb(const Disturbances& disturbances) override;
  std::uint64_t disturbed() const override;
  bool unsettled() const override;
  void BeginAction(std::uint64_t action) override;
  MemoryCauses Causes() const override;
  void Record(bool on) override;
  std::vector<MemoryCall> Calls() const override;
  std::uint64_t Count(std::size_t function) const override;
  void ResetCalls() override;

 private:
  struct Injection {
    CK_RV rv;
    bool after;
    bool coherent;  // the state is made to fit the code
  };
  struct Return {
    std::uint64_t at;
    std::size_t slot;
    MemoryToken* token;
  };

  void Begin(std::size_t function, const CallOn& on);
  CK_RV Gate(std::size_t function, const CallOn& on);
  CK_RV End(CK_RV rv, bool injected);
  std::optional<Injection> Injected(std::size_t function, const CallOn& on);
  std::optional<Injection> Drawn(std::size_t function);
  void Make(const Injection& injection, std::size_t function, const CallOn& on);
  void DisturbNow();
  void DrawFlags(MemoryToken& token);
  std::uint64_t Draw(std::uint64_t below);
  void Place(MemoryToken* token, std::size_t slot);
  void TakeOut(MemoryToken* token);
  void Renumber(MemoryToken& token);
  void EndLogin(MemoryToken& token);
  bool HasTokenOut() const;
  void BringBack(bool all);
  MemoryToken* TokenOf(const CallOn& on);

  mutable std::mutex mutex_;
  OpenSslPtr<OSSL_LIB_CTX> library_{OSSL_LIB_CTX_new()};
  std::map<std::string, std::shared_ptr<EVP_PKEY>> keys_;
  bool initialised_ = false;
  std::optional<CK_RV> lost_service_;  // until C_Finalize
  std::vector<std::unique_ptr<MemoryToken>> tokens_;
  std::vector<MemoryToken*> slots_;
  std::map<CK_SESSION_HANDLE, MemorySession> sessions_;
  CK_SESSION_HANDLE next_session_ = 1;
  CK_OBJECT_HANDLE next_object_ = 1;
  MemoryBehaviour behaviour_;
  std::vector<std::uint64_t> fault_matches_;
  Disturbances disturbances_{.per_mille = 0};
  std::uint64_t random_ = 0;
  std::uint64_t spent_ = 0;
  std::uint64_t calls_begun_ = 0;
  MemoryEvents events_;
  std::vector<Return> returns_;
  MemoryCall call_;
  bool recording_ = true;
  std::vector<MemoryCall> calls_;
  std::array<std::uint64_t, kFunctionCount> counts_{};
};

inline constexpr CK_SLOT_ID kFirstSlotId = 16;  // slot numbers are no indices

}  // namespace signet::testing

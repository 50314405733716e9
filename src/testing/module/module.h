#pragma once

#include "testing/module/behaviour_text.h"
#include "testing/module/shared_state.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <vector>

#include <p11-kit/pkcs11.h>
#include <sys/types.h>

namespace signet::testing {

// Rules are a behaviour file, made ready to be looked at in every call. Immutable.
struct Rules {
  explicit Rules(BehaviourFile text);

  struct Fault {
    std::optional<std::size_t> function;  // nothing: any
    ModuleFault fault;
  };

  BehaviourFile file;
  const ModuleBehaviour& behaviour;
  std::array<std::uint64_t, kFunctionCount> delays_us;
  std::array<std::uint64_t, kFunctionCount> gather{};
  std::vector<Fault> faults;
};

// SessionState is what the wrapper knows of a session that is open.
struct SessionState {
  enum class Context { kIdle, kWantsLogin, kLoggedIn };
  CK_SLOT_ID slot = 0;
  Context context = Context::kIdle;  // of a key that wants its PIN at every signature
  CK_MECHANISM_TYPE hashing = 0;     // of the signature in progress, where the wrapper hashes for it
  std::vector<CK_OBJECT_HANDLE> found = {};
};

// Module is the real module and what the wrapper remembers. There is one in each process; a forked child
// inherits it.
class Module {
 public:
  // Get makes it at the first call; throws std::exception where the configuration or the real module is
  // missing.
  static Module& Get();

  CK_FUNCTION_LIST& real() const noexcept { return *real_; }
  SharedState& shared() const noexcept { return *shared_; }

  // Call does one call: it counts, waits, fails or does `body`, which is given the rules in force. No lock of
  // ours is held while it waits.
  template <class Body>
  CK_RV Call(std::size_t function, CK_SESSION_HANDLE session, Body body);

  // Opened, Closed, ClosedAll and Finalised follow the sessions. Count gives how many are open on a slot.
  void Opened(CK_SESSION_HANDLE session, CK_SLOT_ID slot);
  void Closed(CK_SESSION_HANDLE session);
  void ClosedAll(CK_SLOT_ID slot);
  void Initialised();
  void Finalised();
  std::size_t Count(CK_SLOT_ID slot);
  bool InitialisedInThisProcess() const { return process_ == getpid(); }
  // Context and SetContext: a session that is not open is idle.
  SessionState::Context Context(CK_SESSION_HANDLE session);
  void SetContext(CK_SESSION_HANDLE session, SessionState::Context context);

  // Hashing gives the mechanism of the signature in progress for which the wrapper hashes, or 0.
  CK_MECHANISM_TYPE Hashing(CK_SESSION_HANDLE session);
  void SetHashing(CK_SESSION_HANDLE session, CK_MECHANISM_TYPE mechanism);

  // Removed tells whether the token of a slot is removed.
  bool Removed(const Rules& rules, CK_SLOT_ID slot) const;

 private:
  Module();
  static void BeforeFork();
  static void AfterForkInParent();
  static void AfterForkInChild();

  const Rules& Current();
  void Apply(const Rules* before, const Rules& now);
  void CloseSessionsOf(CK_SLOT_ID slot);
  CK_RV Refusal(const Rules& rules, std::size_t function, CK_SESSION_HANDLE session);
  std::optional<CK_RV> FaultOf(const Rules& rules, std::size_t function, bool after);
  std::size_t Begin(std::size_t function, CK_SESSION_HANDLE session);
  void End(std::size_t entry, CK_RV result);

  std::string config_path_;
  CK_FUNCTION_LIST* real_ = nullptr;
  SharedState* shared_ = nullptr;
  std::atomic<const Rules*> rules_{nullptr};
  std::atomic<std::uint64_t> generation_{0};
  std::vector<std::unique_ptr<const Rules>> all_rules_;  // calls may still look at old ones
  // Locks are created again in a forked child, because the thread that owned them does not exist there; the
  // old ones are kept, so that nobody destroys a lock that is held.
  struct Locks {
    std::shared_mutex
        calls;  // shared by calls in the real module, exclusive while sessions are taken away under it
    std::mutex sessions;
    std::unique_ptr<Locks> before_fork = nullptr;
  };
  std::unique_ptr<Locks> locks_ = std::make_unique<Locks>();
  std::map<CK_SESSION_HANDLE, SessionState> sessions_;
  std::map<CK_SESSION_HANDLE, CK_SLOT_ID> gone_;  // sessions that were taken away
  pid_t process_ = 0;                             // that called C_Initialize
};

template <class Body>
CK_RV Module::Call(std::size_t function, CK_SESSION_HANDLE session, Body body) {
  const std::size_t entry = Begin(function, session);
  const Rules& rules = Current();
  std::optional<CK_RV> result = FaultOf(rules, function, false);
  if (!result) {
    const std::shared_lock lock(locks_->calls);
    const CK_RV refusal = Refusal(rules, function, session);
    const CK_RV done = refusal != CKR_OK ? refusal : body(*this, rules);
    result = FaultOf(rules, function, true).value_or(done);
  }
  End(entry, *result);
  return *result;
}

}  // namespace signet::testing

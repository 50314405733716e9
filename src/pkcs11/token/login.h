#pragma once

#include "base/mutex.h"
#include "pkcs11/token/action.h"
#include "pkcs11/token/kept_secret.h"
#include "pkcs11/token/login_machine.h"
#include "pkcs11/token/pin_candidates.h"
#include "pkcs11/token/session_lease.h"
#include "process/turns.h"
#include <signet/secret.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace signet::inline pkcs11 {

// ContextPin is the PIN for one operation of a key that requires its PIN each time.
struct ContextPin {
  std::optional<Secret> pin;  // none: the reader has a pad
  PinOrigin origin = PinOrigin::kKept;
  mutable std::optional<Error> failure;  // of the login for which it was sent: it is not sent again
  mutable bool works = false;            // a login with it succeeded (CKR_OK)
};

// Login executes the steps of the login machine, for one token in one process: it reads the token's state,
// asks the prompt, sends the PIN. If several threads need a login, one logs in, and the others wait.
// Thread-safe.
class Login {
 public:
  Login(const TokenContext& context, Sessions& sessions, KeptSecret& kept)
      : context_(context), sessions_(sessions), kept_(kept), token_key_(context.name.key()) {}

  // believed tells whether the user was logged in when that was last seen, and nothing was heard since that
  // would speak against it.
  bool believed() const noexcept { return belief_.load(std::memory_order_acquire) == sessions_.epoch(); }
  void Doubt() noexcept {
    belief_ = 0;
    generation_.fetch_add(1);
  }
  // generation is a number that differs after each login that was made or doubted.
  std::uint64_t generation() const noexcept { return generation_.load(std::memory_order_acquire); }
  // wanted tells whether private objects may be hidden behind a login that `credentials` can bring about.
  bool wanted(const Credentials& credentials) const noexcept;

  // Ensure logs the user in unless he is. Nothing happens on a token that requires no login, unless the
  // action met something that does. Throws Error: kPinNeeded, kWrongPin, kPinLocked, kPinFinalTry,
  // kTokenTrouble.
  void Ensure(Action& action);

  // PrepareContext gets the PIN for one operation, and asks and checks all that is needed before, so that
  // nothing comes between C_SignInit and C_Sign but C_Login. `look` reads the token's info; `kept` is where
  // the key keeps its PIN.
  ContextPin PrepareContext(const std::function<CK_TOKEN_INFO()>& look, const Credentials& credentials,
                            KeptSecret& kept);
  // SendContext is the CKU_CONTEXT_SPECIFIC login; throws Error, and the same one when it is called again.
  void SendContext(SessionLease& lease, const ContextPin& pin, const Credentials& credentials,
                   KeptSecret& kept);

  // TroubleOf says as an Error why no PIN may be sent to a token with these flags; nothing if one may.
  std::optional<Error> TroubleOf(CK_FLAGS flags, const Credentials& credentials) const;

 private:
  struct Attempt;
  std::uint64_t LogIn(Action& action, std::optional<SpentPin>& spent);
  std::optional<std::uint64_t> Advance(Action& action, Attempt& attempt);
  std::optional<std::uint64_t> Send(Action& action, Attempt& attempt, const PinCandidate* chosen);
  void Share(Action& action, std::uint64_t first_round) SIGNET_REQUIRES(mutex_);
  void TellOfReader(const Credentials& credentials, PinRequest::Kind kind, CK_FLAGS flags);
  void End(const std::optional<Error>& failure, std::uint64_t epoch, std::optional<SpentPin> spent);
  // Asking calls `ask`, into the program, with this thread marked.
  template <class Call>
  auto Asking(Call call);
  std::optional<PinCandidate> Ask(const Credentials& credentials, PinRequest::Kind kind, CK_FLAGS flags);
  PinRequest RequestFor(const Credentials& credentials, PinRequest::Kind kind, CK_FLAGS flags) const;
  std::string LedgerName(PinRequest::Kind kind) const;
  [[noreturn]] void ThrowUsedInsidePrompt() const;

  const TokenContext& context_;
  Sessions& sessions_;
  KeptSecret& kept_;
  const std::string token_key_;
  Turns asking_;
  std::atomic<std::uint64_t> belief_{0};  // the epoch in which the user was seen to be logged in; 0: none
  std::atomic<std::uint64_t> generation_{0};
  std::atomic<std::thread::id> asker_{};  // the thread that is in a prompt
  Mutex mutex_;
  Condition over_;
  bool busy_ SIGNET_GUARDED_BY(mutex_) = false;
  std::uint64_t round_ SIGNET_GUARDED_BY(mutex_) = 0;  // moves when a login is over, or was given up
  std::optional<Error> failure_ SIGNET_GUARDED_BY(mutex_);
  int waiting_ SIGNET_GUARDED_BY(mutex_) = 0;
  // By round, for those who waited in it.
  std::vector<std::pair<std::uint64_t, SpentPin>> spent_ SIGNET_GUARDED_BY(mutex_);
};

}  // namespace signet::inline pkcs11

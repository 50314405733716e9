#pragma once

#include "pkcs11/module/module.h"
#include "pkcs11/module/rv.h"
#include "pkcs11/token/kept_secret.h"
#include "pkcs11/token/session_pool.h"
#include "process/call_guard.h"
#include "process/workers.h"
#include <signet/error.h>
#include <signet/pin_prompt.h>
#include <signet/settings.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace signet {

// Credentials are the ways to a PIN that one URI and the settings open for one token, and what may be done
// with it.
struct Credentials {
  PinSource pin;              // from the URI, or the settings' where it is clear that it is for this token
  bool pin_withheld = false;  // the settings have one, and it is not clear
  std::shared_ptr<PinPrompt> prompt;  // may be null
  std::string uri;                    // for messages
  Settings::LoginBehavior behavior = Settings::LoginBehavior::kAuto;
  bool allow_final_try = false;
};

// Reach is what a process can reach files by: its root directory and its user. A token whose files were
// within reach of one may be out of reach of another.
struct Reach {
  static Reach Now() noexcept;
  friend bool operator==(const Reach&, const Reach&) = default;
  dev_t device = 0;
  ino_t root = 0;
  uid_t user = 0;
};

// Token is one token, told from others by label, serial number, model and manufacturer, wherever it is
// plugged in. It keeps the sessions, the login and the PIN that worked. All that can go stale belongs to an
// epoch of the session pool. Thread-safe, also across fork: a child connects and logs in anew.
class Token : public std::enable_shared_from_this<Token> {
 public:
  class Lease;

  // Token reads from `settings` how many sessions it may have and how long they may be idle.
  Token(std::shared_ptr<Module> module, CK_SLOT_ID slot, const CK_TOKEN_INFO& info, const Settings& settings,
        std::shared_ptr<CallGuard> guard);
  ~Token();
  Token(const Token&) = delete;
  Token& operator=(const Token&) = delete;

  Module& module() const noexcept { return *module_; }
  // guard is what work on the token is to run under.
  CallGuard& guard() const noexcept { return *guard_; }
  const std::string& label() const noexcept { return label_; }
  // info is as it was when the token was first seen.
  const CK_TOKEN_INFO& info() const noexcept { return info_; }
  CK_SLOT_ID slot() { return state_.Get().slot.load(); }
  bool Is(const CK_TOKEN_INFO& info) const noexcept;
  // Seen tells where the token was just found, and its flags, which spares asking for them at the login.
  void Seen(CK_SLOT_ID slot, const CK_TOKEN_INFO& info);

  // UseReadWriteSessions has sessions that are opened from now on be read-write ones, for work that changes
  // the token. Call it before the first Use.
  void UseReadWriteSessions() noexcept { read_write_.store(true); }

  // Use calls `work(Lease&)` with a session that nobody else uses meanwhile, logged in first where
  // `credentials` are given and the token wants a login. When sessions, handles, login, token or module turn
  // out to be gone, they are had anew and `work` is called once more.
  template <class Work>
  auto Use(const Credentials* credentials, bool exclusive, Work&& work);

  // RunAsync has `work`, which must not throw, done by a worker thread: by as many at a time as the token has
  // sessions, and at most kMaxWorkers unless the settings allow more sessions.
  static constexpr std::size_t kMaxWorkers = 64;
  void RunAsync(std::function<void()> work);

  // Trouble tells why the token can be neither used nor logged in to, where that was seen a moment ago; it
  // asks nothing. It is forgotten after kTroubleTime, so that somebody tries again.
  static constexpr std::chrono::seconds kTroubleTime{5};
  std::optional<Error> Trouble(const Credentials& credentials);

  // LoginIsDue tells whether EnsureLoggedIn would have something to do.
  bool LoginIsDue() noexcept;
  // EnsureLoggedIn logs the user in, unless he is; of many threads at once one does it. Throws Error:
  // kPinNeeded, kWrongPin (a PIN that was refused before is not sent), kPinLocked, kPinFinalTry,
  // kTokenTrouble. Nothing happens on a token that wants no login, unless the credentials bring a PIN or say
  // to log in always.
  void EnsureLoggedIn(const Credentials& credentials);
  // LogInForOperation is the CKU_CONTEXT_SPECIFIC login of a key that asks for its PIN at each use, which may
  // be another than the user's; `kept` is where the key keeps it. PrepareContextLogin is called before
  // C_SignInit, and asks and checks all that is needed, so that nothing comes between.
  struct ContextPin {
    std::optional<Secret> pin;  // none: the reader has a pad
  };
  ContextPin PrepareContextLogin(const Credentials& credentials, KeptSecret& kept);
  void LogInForOperation(Lease& lease, const ContextPin& pin, const Credentials& credentials,
                         KeptSecret& kept);
  // UserIsLoggedIn asks the token.
  bool UserIsLoggedIn(Lease& lease);

  // finds_in_batches tells whether C_FindObjects is known to give all that it has at once.
  bool finds_in_batches() const noexcept { return finds_in_batches_.load(std::memory_order_relaxed); }
  void SetFindsInBatches() noexcept { finds_in_batches_.store(true, std::memory_order_relaxed); }

  // Mechanisms lists what the token can do; asked once in each process.
  std::shared_ptr<const std::vector<CK_MECHANISM_TYPE>> Mechanisms();

 private:
  enum class Login { kOut, kIn, kUnknown };
  struct State {
    SessionPool pool;
    Turns connecting;
    Turns asking;
    Workers workers;
    std::atomic<bool> connected{false};
    std::atomic<CK_SLOT_ID> slot{0};
    std::atomic<Login> login{Login::kUnknown};  // see LoginOf
    std::atomic<std::uint64_t> login_epoch{0};  // in which it was made
    std::atomic<bool> login_forced{false};      // the token wants a login though its flags say otherwise
    std::mutex mutex;                           // for what follows; never held during a call
    std::condition_variable login_over;
    bool logging_in = false;
    std::uint64_t login_round = 0;  // moves when a login is over, or was given up
    std::optional<Error> login_failure;
    std::optional<CK_FLAGS> fresh_flags;
    std::optional<Error> trouble;
    SessionPool::Clock::time_point trouble_until;
    std::atomic<bool> troubled{false};  // the token may be known to be absent
    std::shared_ptr<const std::vector<CK_MECHANISM_TYPE>> mechanisms;
  };
  // in token_sessions.cc
  SessionPool::Grant Acquire(bool exclusive);
  void Release(const SessionPool::Grant& grant, bool usable) noexcept;
  CK_SESSION_HANDLE OpenSession(State& state);
  void Connect(State& state);
  void CloseIdleLater(State& state, SessionPool::Clock::time_point when);
  void CloseIdle();
  void Close(State& state, const std::vector<CK_SESSION_HANDLE>& sessions) noexcept;
  void WriteOff(const SessionPool::Grant& grant) noexcept;
  void CloseLost(CK_SESSION_HANDLE session) noexcept;
  std::uint64_t Epoch() { return state_.Get().pool.epoch(); }
  static Login LoginOf(const State& state) noexcept;
  bool LoginLapsed(const Credentials& credentials) noexcept;
  // PinMayBeSpent tells whether the token may have checked a PIN though its answer did not arrive: it is not
  // sent again at once.
  static bool PinMayBeSpent(const Error& error) noexcept;
  void Renew(const Error& error, Staleness staleness, std::uint64_t epoch, std::uint64_t initialisation);
  [[noreturn]] void Rethrow(const Error& error);
  void NoteTrouble(const Error& error);
  static void ForgetAbsence(State& state);

  // in login.cc
  bool WantsLogin(State& state, const Credentials& credentials) const noexcept;
  void LogIn(State& state, const Credentials& credentials);
  static void EndLogin(State& state, const std::optional<Error>& failure);
  bool IsLoggedInAfterAll();
  CK_FLAGS FlagsForLogin(State& state);
  void CheckPinState(CK_FLAGS flags, const Credentials& credentials) const;
  Secret ChoosePin(const Credentials& credentials, PinRequest::Kind kind, CK_FLAGS flags, KeptSecret* own);
  std::optional<Secret> KeptPin(PinRequest::Kind kind, const KeptSecret* own) const;
  PinRequest RequestFor(const Credentials& credentials, PinRequest::Kind kind, CK_FLAGS flags) const;
  void SendPin(Lease& lease, CK_USER_TYPE user, const Secret* pin, const Credentials& credentials,
               KeptSecret& keep);
  std::string LedgerName(PinRequest::Kind kind) const;

  const std::shared_ptr<Module> module_;
  const std::shared_ptr<CallGuard> guard_;
  const CK_TOKEN_INFO info_;
  const std::string label_;
  const std::string identity_;  // for the ledger of refused PINs
  const std::uint32_t max_sessions_;
  const std::chrono::milliseconds idle_time_;
  const std::uint64_t born_in_;
  const Reach reach_;
  std::atomic<bool> read_write_{false};  // wanted, or the token has no read-only sessions
  std::atomic<bool> finds_in_batches_{false};
  KeptSecret kept_pin_;
  ForkLocal<State> state_;
};

// Lease is a session of the token for as long as it lives; one whose call did not come back in time is never
// used again.
class Token::Lease {
 public:
  Lease(Token& token, bool exclusive)
      : token_(token), grant_(token.Acquire(exclusive)), holding_(&LetGo, this) {}
  ~Lease() {
    if (holding_.End()) {
      token_.Release(grant_, usable_);
    } else {
      token_.CloseLost(session());
    }
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

  Token& token() const noexcept { return token_; }
  CK_SESSION_HANDLE session() const noexcept { return *grant_.session; }
  std::uint64_t epoch() const noexcept { return grant_.epoch; }
  // Discard closes the session at the end.
  void Discard() noexcept { usable_ = false; }
  // Replace closes the session, as nobody knows what state it is in, and opens another before, so that the
  // login stays; where the token has no room for two, it is as Discard.
  void Replace() noexcept;

  // Call is Module::Call on this session, which it puts before `args`.
  template <class Function, class... Args>
  CK_RV Call(Function CK_FUNCTION_LIST::*function, const char* name, CK_MECHANISM_TYPE mechanism,
             Args... args) {
    return token_.module_->Call(function, name, CalledOn{token_.label_, mechanism}, session(), args...);
  }

 private:
  static void LetGo(void* lease) {
    const auto* const self = static_cast<const Lease*>(lease);
    self->token_.WriteOff(self->grant_);
  }

  Token& token_;
  SessionPool::Grant grant_;
  bool usable_ = true;
  CallWatch::Holding holding_;
};

// Unfinished is an operation that was begun on a lease: unless it Finishes, nobody knows what state its
// session is in, and the session is replaced.
class Unfinished {
 public:
  explicit Unfinished(Token::Lease& lease) noexcept : lease_(lease) {}
  ~Unfinished() {
    if (!finished_) lease_.Replace();
  }
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;
  void Finish() noexcept { finished_ = true; }

 private:
  Token::Lease& lease_;
  bool finished_ = false;
};

template <class Work>
auto Token::Use(const Credentials* credentials, bool exclusive, Work&& work) {
  for (bool again = false;; again = true) {
    std::uint64_t epoch = 0;
    const std::uint64_t initialisation = module_->initialisation();
    try {
      module_->EnsureReady();
      epoch = Epoch();
      std::optional<Lease> lease;
      do {
        lease.reset();
        if (credentials != nullptr) EnsureLoggedIn(*credentials);
        lease.emplace(*this, exclusive);
        // The login goes with the last session, which another thread may have closed meanwhile.
      } while (credentials != nullptr && LoginLapsed(*credentials));
      try {
        return work(*lease);
      } catch (const Error& error) {
        if (StalenessOf(error) == Staleness::kSession) {
          lease->Replace();
        } else if (StalenessOf(error) != Staleness::kNone) {
          lease->Discard();
        }
        throw;
      }
    } catch (const Error& error) {
      const Staleness staleness = StalenessOf(error);
      if (again || staleness == Staleness::kNone) Rethrow(error);
      Renew(error, staleness, epoch, initialisation);
      if (PinMayBeSpent(error)) Rethrow(error);
    }
  }
}

inline constexpr CK_MECHANISM_TYPE kNoMechanism = CK_UNAVAILABLE_INFORMATION;

// TextOf gives a blank-padded text of PKCS#11 without its padding.
template <std::size_t N>
std::string TextOf(const unsigned char (&text)[N]) {
  return {reinterpret_cast<const char*>(text), p11_kit_space_strlen(text, N)};
}

}  // namespace signet

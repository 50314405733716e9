#pragma once

#include "pkcs11/token/availability.h"
#include "pkcs11/token/login.h"
#include "process/workers.h"

#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <vector>

namespace signet::inline pkcs11 {

// Token is one token, identified by label, serial number, model and manufacturer, in whichever slot it is
// plugged in, and by its slot where another slot of the module shows the same. It brings together its
// sessions, its login and its availability; Use is the one way to work on it. Thread-safe, also across fork:
// a child connects and logs in by itself.
class Token {
 public:
  class Lease;

  // Token reads from `settings` how many sessions it may have and how long they may be idle. `read_write`:
  // its sessions may change the token, where it gives such sessions.
  Token(std::shared_ptr<Module> module, CK_SLOT_ID slot, TokenName name, const Settings& settings,
        std::shared_ptr<CallGuard> guard, bool read_write = false);
  Token(const Token&) = delete;
  Token& operator=(const Token&) = delete;

  Module& module() const noexcept { return *context_.module; }
  // guard is what work on the token is to run under.
  CallGuard& guard() const noexcept { return *context_.guard; }
  const TokenName& name() const noexcept { return context_.name; }
  const std::string& label() const noexcept { return context_.label; }
  // info is the information from when the token was first seen.
  const CK_TOKEN_INFO& info() const noexcept { return context_.name.info; }
  // slot is where the token was seen last.
  CK_SLOT_ID slot() { return live_.Get().sessions.place().Hint(); }
  // wants_login tells whether its flags last had CKF_LOGIN_REQUIRED.
  bool wants_login() { return (live_.Get().sessions.flags() & CKF_LOGIN_REQUIRED) != 0; }
  // Seen tells where the token was just found, and its flags.
  void Seen(CK_SLOT_ID slot, const CK_TOKEN_INFO& info);

  // Use calls `work(Lease&)` with exclusive use of a session. When it fails as something that
  // we hold is gone (a session, the login, handles, the token's place, the module's initialisation), that is
  // renewed and `work` is called again: see Ladder.
  template <class Work>
  auto Use(const Access& access, Work&& work);

  // RunAsync has `work`, which must not throw, done by a worker thread: by as many at a time as the token has
  // sessions, and at most kMaxWorkers unless the settings allow more sessions.
  static constexpr std::size_t kMaxWorkers = 64;
  void RunAsync(std::function<void()> work);

  // HasPin tells whether a PIN is available without a prompt: `credentials` have one, or one
  // worked before.
  bool HasPin(const Credentials& credentials) const noexcept {
    return !credentials.pin.empty() || kept_pin_.get() != nullptr;
  }
  // Trouble tells why the token can be neither used nor logged in to, where that was seen a moment ago; it
  // asks nothing.
  std::optional<Error> Trouble(const Credentials& credentials);
  // LoginIsDue tells whether the token requires a login and none is known of; AskWhetherLoginIsDue asks the
  // token too, and is true also where that cannot be told.
  bool LoginIsDue() noexcept;
  bool AskWhetherLoginIsDue();

  // PrepareContextLogin and LogInForOperation are Login's PrepareContext and SendContext.
  ContextPin PrepareContextLogin(const Credentials& credentials, KeptSecret& kept);
  void LogInForOperation(Lease& lease, const ContextPin& pin, const Credentials& credentials,
                         KeptSecret& kept);

  // Mechanisms lists what the token can do, in ascending order; asked once for each time that it was found.
  using MechanismList = std::vector<CK_MECHANISM_TYPE>;
  std::shared_ptr<const MechanismList> Mechanisms();
  std::shared_ptr<const MechanismList> Mechanisms(Lease& lease);
  // KnownMechanisms gives the list that was read last: work that holds a session must not queue for another.
  std::shared_ptr<const MechanismList> KnownMechanisms();

 private:
  // Live is the state of the token in one process.
  struct Live {
    Live(const TokenContext* context, KeptSecret* kept)
        : sessions(*context), login(*context, sessions, *kept) {}
    Sessions sessions;
    Login login;
    Availability availability;
    Workers workers;
    Mutex mutex;
    std::shared_ptr<const MechanismList> mechanisms SIGNET_GUARDED_BY(mutex);
    std::uint64_t mechanisms_epoch SIGNET_GUARDED_BY(mutex) = 0;
  };
  // Held are the generation numbers at the start of an attempt.
  struct Held {
    std::uint64_t initialisation = 0;
    std::uint64_t epoch = 0;
    std::uint64_t handles = 0;
    std::uint64_t finding = 0;
  };

  Action Begin(const Access& access);
  Held Hold(Action& action);
  void LogInWhereWanted(Action& action);
  void Succeeded(Live& live) noexcept;
  void Recover(Action& action, const Held& held, const Error& error);
  [[noreturn]] void Fail(const Action& action, const Error& error);

  const TokenContext context_;
  const Reach reach_ = Reach::Now();
  KeptSecret kept_pin_;
  ForkLocal<Live, const TokenContext*, KeptSecret*> live_{&context_, &kept_pin_};
};

// Lease is a session of the token for work in Token::Use.
class Token::Lease : public SessionLease {
 public:
  Lease(Token& token, Live& live, Action& action)
      : SessionLease(token.context_, live.sessions, action.access.exclusive),
        token_(token),
        live_(live),
        action_(action),
        login_(live.login.generation()) {}

  Token& token() const noexcept { return token_; }
  // Look reads the token's info, and with it its flags; throws Error, also where another token is there now.
  CK_TOKEN_INFO Look() { return live_.sessions.Look(); }
  // ShowsPrivate asks whether private objects are to be seen now: the user is logged in, or the token wants
  // no login. A login that is gone is doubted from then on.
  bool ShowsPrivate();
  // logged_in tells whether the user is known to be.
  bool logged_in() const noexcept { return live_.login.believed(); }
  // RequireLogin is for work that may have missed private objects: throws, so that Use logs in and calls the
  // work again, unless the user was logged in all the time, which is asked for, or nothing wants a login.
  void RequireLogin();
  // Missing is RequireLogin for work that did not find the private object that it is about: where the user is
  // logged in, the search is made once more, as another user of the module may have logged out and in
  // meanwhile.
  void Missing();
  // WillRetry tells whether Use would call the work again after this error.
  bool WillRetry(const Error& error) const noexcept;
  // EndAction makes Use stop calling the work, regardless of its error.
  void EndAction() noexcept { action_.over = true; }

 private:
  Token& token_;
  Live& live_;
  Action& action_;
  const std::uint64_t login_;  // Login::generation when the work began
};

// Unfinished is an operation that was started on a lease: unless it Finishes, it is unknown what state its
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
auto Token::Use(const Access& access, Work&& work) {
  static_assert(!std::is_void_v<std::invoke_result_t<Work&, Lease&>>);
  for (Action action = Begin(access);;) {
    Held held;
    try {
      held = Hold(action);
      LogInWhereWanted(action);
      Live& live = live_.Get();
      action.stage = Stage::kOpen;
      Lease lease(*this, live, action);
      action.stage = Stage::kWork;
      try {
        auto result = work(lease);
        Succeeded(live);
        return result;
      } catch (const Error& error) {
        lease.Spoilt(error);
        throw;
      }
    } catch (const Error& error) {
      Recover(action, held, error);
    }
  }
}

}  // namespace signet::inline pkcs11

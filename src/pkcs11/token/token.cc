#include "pkcs11/token/token.h"

#include "pkcs11/module/hints.h"
#include "pkcs11/token/login_errors.h"
#include "process/exit_handler.h"

#include <algorithm>
#include <thread>
#include <utility>

#include <fmt/format.h>

namespace signet::inline pkcs11 {
namespace {

constexpr std::chrono::milliseconds kMoment{20};

}  // namespace

Token::Token(std::shared_ptr<Module> module, CK_SLOT_ID slot, TokenName name, const Settings& settings,
             std::shared_ptr<CallGuard> guard, bool read_write)
    : context_{.module = std::move(module),
               .guard = std::move(guard),
               .name = name,
               .label = name.label(),
               .max_sessions = settings.max_sessions,
               .session_idle = settings.session_idle,
               .read_write = read_write} {
  Seen(slot, name.info);
}

void Token::Seen(CK_SLOT_ID slot, const CK_TOKEN_INFO& info) {
  Live& live = live_.Get();
  live.sessions.Seen(info);
  live.sessions.place().Hint(slot);
}

Action Token::Begin(const Access& access) {
  Live& live = live_.Get();
  Action action(access);
  action.in_a_row = live.availability.FailsInARow();
  action.believed_before = live.login.believed();
  return action;
}

// Hold makes the module ready, and gives the numbers of what an attempt stands on. Those are taken before
// anything of it can fail.
Token::Held Token::Hold(Action& action) {
  action.stage = Stage::kFind;
  module().EnsureReady();
  const std::uint64_t initialisation = module().initialisation();
  Live& live = live_.Get();
  live.sessions.Follow(initialisation);
  return {.initialisation = initialisation,
          .epoch = live.sessions.epoch(),
          .handles = live.sessions.handles(),
          .finding = live.sessions.place().finding()};
}

void Token::LogInWhereWanted(Action& action) {
  const bool wanted = action.access.login_first || action.login_wanted;
  if (action.access.credentials == nullptr || !wanted) return;
  Live& live = live_.Get();
  if (live.login.believed()) [[likely]]
    return;
  action.stage = Stage::kLogin;
  live.login.Ensure(action);
  live.availability.PinWorks();
}

void Token::Succeeded(Live& live) noexcept {
  live.availability.Works();
  module().Works();
}

void Token::Recover(Action& action, const Held& held, const Error& error) {
  const bool nobody_to_log_in =
      StalenessOf(error) == Staleness::kLogin && action.access.credentials == nullptr;
  const bool too_late = ProcessIsExiting() || Action::Clock::now() > action.until;
  if (action.over || nobody_to_log_in || too_late) Fail(action, error);
  Live& live = live_.Get();
  switch (action.ladder.Next(action.FailureOf(error))) {
    case Rung::kFail:
      Fail(action, error);
    case Rung::kSession:
      if (StalenessOf(error) != Staleness::kOperation) live.sessions.ForgetHandles(held.handles);
      return;
    case Rung::kSessions:
      live.sessions.CloseIdle();
      return;
    case Rung::kObjects:
      live.sessions.ForgetHandles(held.handles);
      return;
    case Rung::kLogin:
      live.login.Doubt();
      action.login_wanted = true;
      return;
    case Rung::kPlace:
      // What fails without a reason may need a moment.
      if (StalenessOf(error) == Staleness::kUnknown) std::this_thread::sleep_for(kMoment);
      live.sessions.Renew(held.epoch);
      live.sessions.place().Forget(held.finding);
      return;
    case Rung::kModule:
      break;
  }
  try {
    if (!module().RenewAfter(error, held.initialisation)) Fail(action, error);
  } catch (const Error& failure) {
    Fail(action, failure);
  }
  live.sessions.Renew(held.epoch);
  live.sessions.place().Forget(held.finding);
}

void Token::Fail(const Action& action, const Error& last) {
  // If a PIN was sent and failed, this is the cause, regardless of later errors.
  const Error& error = action.login_failure ? *action.login_failure : last;
  live_.Get().availability.Failed(error);
  const bool undone = StalenessOf(error) == Staleness::kLogin && action.logins > 1;
  if (undone && action.access.credentials != nullptr) {
    throw LoginError({.why = LoginStep::Failure::kUndoneTooOften}, label(), *action.access.credentials);
  }
  const bool reachable = reach_ == Reach::Now();
  if (reachable || error.code() == ErrorCode::kWrongPin || error.code() == ErrorCode::kPinNeeded) {
    throw module().Explained(WithHint(error, module(), info()));
  }
  throw Error({.code = error.code(),
               .detail = fmt::format("{}; the process has changed its root directory or its user since it "
                                     "opened the token, so the token's files or socket may be inaccessible",
                                     error.detail()),
               .call = error.call(),
               .native = error.native(),
               .token = label(),
               .uri = error.uri(),
               .hint = "Start `p11-kit server` for the token before that change, or give this user access to "
                       "its files."});
}

void Token::Lease::RequireLogin() {
  const Credentials* const credentials = action_.access.credentials;
  if (credentials == nullptr || !live_.login.wanted(*credentials)) return;
  // A login that was undone and made again meanwhile may have hidden the object for a moment.
  if (logged_in() && live_.login.generation() == login_ && UserIsLoggedIn()) return;
  throw RvError(CKR_USER_NOT_LOGGED_IN, "C_FindObjects", token_.label()).WithUri(credentials->uri);
}

void Token::Lease::Missing() {
  RequireLogin();
  const Credentials* const credentials = action_.access.credentials;
  if (credentials == nullptr || action_.searched_again || !live_.login.wanted(*credentials)) return;
  action_.searched_again = true;
  throw RvError(CKR_USER_NOT_LOGGED_IN, "C_FindObjects", token_.label()).WithUri(credentials->uri);
}

bool Token::Lease::ShowsPrivate() {
  if ((live_.sessions.flags() & CKF_LOGIN_REQUIRED) == 0 || UserIsLoggedIn()) return true;
  if (live_.login.believed()) live_.login.Doubt();
  return false;
}

bool Token::Lease::WillRetry(const Error& error) const noexcept {
  return !action_.over && action_.ladder.WouldRetry(action_.FailureOf(error));
}

bool Token::LoginIsDue() noexcept {
  Live* const live = live_.IfMade();
  if (live == nullptr) return (info().flags & CKF_LOGIN_REQUIRED) != 0;
  return (live->sessions.flags() & CKF_LOGIN_REQUIRED) != 0 && !live->login.believed();
}

bool Token::AskWhetherLoginIsDue() {
  if (LoginIsDue()) return true;
  try {
    return !Use({}, [](Lease& lease) { return lease.ShowsPrivate(); });
  } catch (const Error&) {
    return true;
  }
}

std::optional<Error> Token::Trouble(const Credentials& credentials) {
  Live& live = live_.Get();
  const bool logged_in = live.login.believed() || !live.login.wanted(credentials);
  if (auto trouble = live.availability.Trouble()) {
    const ErrorCode code = trouble->code();
    const bool matters = code == ErrorCode::kTokenAbsent ||
                         (!logged_in && (code == ErrorCode::kPinLocked || !credentials.allow_final_try));
    if (matters) return trouble;
  }
  if (logged_in || !live.sessions.SeenWithin(Availability::kTroubleTime)) return std::nullopt;
  return live.login.TroubleOf(live.sessions.flags(), credentials);
}

ContextPin Token::PrepareContextLogin(const Credentials& credentials, KeptSecret& kept) {
  const auto look = [&] {
    // Exclusive, as it must not come between the calls of another thread's operation.
    const Access access{.credentials = &credentials, .exclusive = true};
    return Use(access, [this](Lease&) { return live_.Get().sessions.Look(); });
  };
  return live_.Get().login.PrepareContext(look, credentials, kept);
}

void Token::LogInForOperation(Lease& lease, const ContextPin& pin, const Credentials& credentials,
                              KeptSecret& kept) {
  // The PIN of a login that failed is not sent again.
  if (pin.failure) lease.EndAction();
  live_.Get().login.SendContext(lease, pin, credentials, kept);
}

void Token::RunAsync(std::function<void()> work) {
  Live& live = live_.Get();
  const std::size_t most = std::max<std::size_t>(context_.max_sessions, kMaxWorkers);
  live.workers.Run(std::move(work), std::min(live.sessions.limit(), most));
}

std::shared_ptr<const Token::MechanismList> Token::Mechanisms() {
  Live& live = live_.Get();
  {
    const Lock lock(live.mutex);
    if (live.mechanisms != nullptr && live.mechanisms_epoch == live.sessions.epoch()) return live.mechanisms;
  }
  return Use({}, [this](Lease& lease) { return Mechanisms(lease); });
}

std::shared_ptr<const Token::MechanismList> Token::KnownMechanisms() {
  Live& live = live_.Get();
  {
    const Lock lock(live.mutex);
    if (live.mechanisms != nullptr) return live.mechanisms;
  }
  return Mechanisms();
}

std::shared_ptr<const Token::MechanismList> Token::Mechanisms(Lease& lease) {
  Live& live = live_.Get();
  {
    const Lock lock(live.mutex);
    if (live.mechanisms != nullptr && live.mechanisms_epoch == lease.epoch()) return live.mechanisms;
  }
  auto list = std::make_shared<MechanismList>(512);
  CK_ULONG count = list->size();
  const CK_SLOT_ID slot = live.sessions.place().Slot();
  const auto ask = [&] {
    return module().Call(SIGNET_CK(C_GetMechanismList), CalledOn{label()}, slot, list->data(), &count);
  };
  CK_RV rv = ask();
  if (rv == CKR_BUFFER_TOO_SMALL && count > list->size() && count < 65536) {
    list->resize(count);
    rv = ask();
  }
  CheckRv(rv, "C_GetMechanismList", label());
  list->resize(std::min<std::size_t>(count, list->size()));
  std::ranges::sort(*list);
  const Lock lock(live.mutex);
  live.mechanisms = list;
  live.mechanisms_epoch = lease.epoch();
  return list;
}

}  // namespace signet::inline pkcs11

#include "pkcs11/token/token.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace signet {
namespace {

std::string IdentityOf(const CK_TOKEN_INFO& info) {
  return fmt::format("{}\n{}\n{}\n{}", TextOf(info.label), TextOf(info.manufacturerID), TextOf(info.model),
                     TextOf(info.serialNumber));
}

std::size_t SessionLimit(const CK_TOKEN_INFO& info, std::uint32_t max_sessions) {
  std::size_t limit = SIZE_MAX;
  if (info.ulMaxSessionCount != CK_EFFECTIVELY_INFINITE &&
      info.ulMaxSessionCount != CK_UNAVAILABLE_INFORMATION) {
    limit = info.ulMaxSessionCount;
  }
  return max_sessions != 0 ? std::min<std::size_t>(limit, max_sessions) : limit;
}

}  // namespace

Reach Reach::Now() noexcept {
  struct stat root {};
  if (stat("/", &root) != 0) return {};
  return {.device = root.st_dev, .root = root.st_ino, .user = geteuid()};
}

Token::Token(std::shared_ptr<Module> module, CK_SLOT_ID slot, const CK_TOKEN_INFO& info,
             const Settings& settings, std::shared_ptr<CallGuard> guard)
    : module_(std::move(module)),
      guard_(std::move(guard)),
      info_(info),
      label_(TextOf(info.label)),
      identity_(IdentityOf(info)),
      max_sessions_(settings.max_sessions),
      idle_time_(settings.session_idle),
      born_in_(ForkGeneration()),
      reach_(Reach::Now()) {
  Seen(slot, info);
}

Token::~Token() {
  State* const state = state_.IfMade();
  if (state == nullptr || ProcessIsExiting()) return;
  try {
    guard_->Run([module = module_, label = label_, sessions = state->pool.TakeIdle()] {
      for (const CK_SESSION_HANDLE session : sessions) {
        module->Call(SIGNET_CK(C_CloseSession), CalledOn{label}, session);
      }
      return true;
    });
  } catch (const Error&) {
    return;  // A token that does not answer closes no sessions.
  }
}

bool Token::Is(const CK_TOKEN_INFO& info) const noexcept {
  return std::ranges::equal(info.label, info_.label) &&
         std::ranges::equal(info.serialNumber, info_.serialNumber) &&
         std::ranges::equal(info.model, info_.model) &&
         std::ranges::equal(info.manufacturerID, info_.manufacturerID);
}

void Token::Seen(CK_SLOT_ID slot, const CK_TOKEN_INFO& info) {
  State& state = state_.Get();
  const bool first = !state.connected.load();
  {
    const std::lock_guard lock(state.mutex);
    state.fresh_flags = info.flags;
  }
  if (!first && state.slot.load() == slot) return;
  state.slot = slot;
  state.pool.SetLimit(SessionLimit(info, max_sessions_));
  // Nobody can be logged in through this view of the module when the process meets the token for the first
  // time.
  if (first && born_in_ == ForkGeneration() && state.pool.epoch() == 1) state.login = Login::kOut;
  state.connected.store(true, std::memory_order_release);
}

// Connect finds the slot that the token is in now.
void Token::Connect(State& state) {
  const Turns::Turn turn(state.connecting);
  if (state.connected.load(std::memory_order_acquire)) return;
  for (const CK_SLOT_ID slot : module_->SlotsWithToken()) {
    CK_TOKEN_INFO info{};
    try {
      info = module_->TokenInfo(slot);
    } catch (const Error&) {
      continue;  // Another token's trouble is not ours.
    }
    if (!Is(info)) continue;
    Seen(slot, info);
    return;
  }
  throw Error({.code = ErrorCode::kTokenAbsent,
               .detail = fmt::format("the token {} with serial number {} is not there any more", label_,
                                     TextOf(info_.serialNumber)),
               .token = label_,
               .mend = "Put the token back, or start again what serves it."});
}

bool Token::PinMayBeSpent(const Error& error) noexcept {
  return error.call() == "C_Login" && error.native().value == CKR_DEVICE_ERROR;
}

void Token::Renew(const Error& error, Staleness staleness, std::uint64_t epoch,
                  std::uint64_t initialisation) {
  if (staleness == Staleness::kSession) return;  // The session was discarded, and that is all.
  State& state = state_.Get();
  if (error.native().value == CKR_USER_NOT_LOGGED_IN) state.login_forced = true;
  if (staleness == Staleness::kModule && !ProcessIsExiting()) module_->Reinitialise(initialisation);
  const auto idle = state.pool.Renew(epoch);
  if (!idle) return;
  state.login = Login::kUnknown;
  state.connected = false;
  Close(state, *idle);
}

void Token::RunAsync(std::function<void()> work) {
  State& state = state_.Get();
  const std::size_t most = std::max<std::size_t>(max_sessions_, kMaxWorkers);
  state.workers.Run(std::move(work), std::min(state.pool.limit(), most));
}

std::shared_ptr<const std::vector<CK_MECHANISM_TYPE>> Token::Mechanisms() {
  State& state = state_.Get();
  {
    const std::lock_guard lock(state.mutex);
    if (state.mechanisms != nullptr) return state.mechanisms;
  }
  module_->EnsureReady();
  if (!state.connected.load()) Connect(state);
  auto list = std::make_shared<std::vector<CK_MECHANISM_TYPE>>(512);
  CK_ULONG count = list->size();
  const auto ask = [&] {
    return module_->Call(SIGNET_CK(C_GetMechanismList), {label_}, state.slot.load(), list->data(), &count);
  };
  CK_RV rv = ask();
  if (rv == CKR_BUFFER_TOO_SMALL && count > list->size() && count < 65536) {
    list->resize(count);
    rv = ask();
  }
  CheckRv(rv, "C_GetMechanismList", label_);
  list->resize(std::min<std::size_t>(count, list->size()));
  std::ranges::sort(*list);
  const std::lock_guard lock(state.mutex);
  state.mechanisms = list;
  return list;
}

}  // namespace signet

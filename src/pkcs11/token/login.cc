#include "pkcs11/token/token.h"
#include "process/refused_pin_ledger.h"

#include <utility>

#include <fmt/format.h>

namespace signet {
namespace {

bool IsRefusal(CK_RV rv) {
  return rv == CKR_PIN_INCORRECT || rv == CKR_PIN_INVALID || rv == CKR_PIN_LEN_RANGE;
}

Error RefusedBefore(const std::string& token, const std::string& uri) {
  return Error({.code = ErrorCode::kWrongPin,
                .detail = fmt::format("token {}: this PIN was refused before, and is not sent again", token),
                .token = token,
                .uri = uri,
                .mend = "Give the right PIN."});
}

Error NoPin(const std::string& token, const Credentials& credentials) {
  return Error(
      {.code = ErrorCode::kPinNeeded,
       .detail = fmt::format("token {} wants a PIN, and none was given", token),
       .token = token,
       .uri = credentials.uri,
       .mend = credentials.pin_withheld
                   ? "The token-pin setting is sent only where it is clear which token it is for: name "
                     "the token in the URI."
                   : "Give it: pin-source in the URI, the token-pin setting, or a prompt."});
}

Error GivenUp() {
  return Error({.code = ErrorCode::kTimeout,
                .detail = "the login did not come to an end in time",
                .call = "C_Login",
                .mend = "Check the connection to the token, or raise call-timeout-ms."});
}

}  // namespace

bool Token::WantsLogin(State& state, const Credentials& credentials) const noexcept {
  return (info_.flags & CKF_LOGIN_REQUIRED) != 0 || !credentials.pin.empty() || state.login_forced.load() ||
         credentials.behavior == Settings::LoginBehavior::kAlways;
}

// LoginOf believes a login only in the epoch in which it was made.
Token::Login Token::LoginOf(const State& state) noexcept {
  const Login login = state.login.load(std::memory_order_acquire);
  return login == Login::kIn && state.login_epoch.load() != state.pool.epoch() ? Login::kUnknown : login;
}

bool Token::LoginLapsed(const Credentials& credentials) noexcept {
  State& state = state_.Get();
  return LoginOf(state) != Login::kIn && WantsLogin(state, credentials);
}

bool Token::LoginIsDue() noexcept {
  State* state = state_.IfMade();
  return (info_.flags & CKF_LOGIN_REQUIRED) != 0 && (state == nullptr || LoginOf(*state) != Login::kIn);
}

void Token::EnsureLoggedIn(const Credentials& credentials) {
  State& state = state_.Get();
  if (LoginOf(state) == Login::kIn || !WantsLogin(state, credentials)) return;
  std::unique_lock lock(state.mutex);
  while (state.logging_in) {
    const std::uint64_t round = state.login_round;
    state.login_over.wait(lock, [&] { return state.login_round != round; });
    if (LoginOf(state) == Login::kIn) return;
    // Who has no PIN of his own would ask the same person once more.
    if (credentials.pin.empty() && state.login_failure) throw Error(*state.login_failure);
  }
  if (LoginOf(state) == Login::kIn) return;
  state.logging_in = true;
  const std::uint64_t epoch = state.pool.epoch();
  lock.unlock();
  CallWatch::Holding turn([](void* object) { EndLogin(*static_cast<State*>(object), GivenUp()); }, &state);
  std::optional<Error> failure;
  try {
    LogIn(state, credentials);
  } catch (const Error& error) {
    failure = error;
  } catch (...) {
    failure = Error({.detail = "the PIN prompt failed", .token = label_});
  }
  if (!turn.End()) throw GivenUp();
  if (!failure) state.login_epoch = epoch;
  EndLogin(state, failure);
  if (failure) throw *std::move(failure);
}

void Token::EndLogin(State& state, const std::optional<Error>& failure) {
  {
    const std::lock_guard lock(state.mutex);
    state.logging_in = false;
    ++state.login_round;
    state.login_failure = failure;
    if (!failure) {
      state.trouble.reset();
      state.login.store(Login::kIn, std::memory_order_release);
    }
  }
  state.login_over.notify_all();
}

void Token::LogIn(State& state, const Credentials& credentials) {
  if (LoginOf(state) == Login::kUnknown && IsLoggedInAfterAll()) return;
  const CK_FLAGS flags = FlagsForLogin(state);
  CheckPinState(flags, credentials);
  if ((flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0) {
    if (credentials.prompt != nullptr) {
      credentials.prompt->LookAtReader(RequestFor(credentials, PinRequest::Kind::kUserPin, flags));
    }
    Lease lease(*this, false);
    SendPin(lease, CKU_USER, nullptr, credentials, kept_pin_);
    return;
  }
  // Chosen before a session is taken, as a person may take his time.
  const Secret pin = ChoosePin(credentials, PinRequest::Kind::kUserPin, flags, nullptr);
  Lease lease(*this, false);
  SendPin(lease, CKU_USER, &pin, credentials, kept_pin_);
}

bool Token::UserIsLoggedIn(Lease& lease) {
  CK_SESSION_INFO info{};
  CheckRv(lease.Call(SIGNET_CK(C_GetSessionInfo), kNoMechanism, &info), "C_GetSessionInfo", label_);
  return info.state == CKS_RO_USER_FUNCTIONS || info.state == CKS_RW_USER_FUNCTIONS;
}

bool Token::IsLoggedInAfterAll() {
  Lease lease(*this, false);
  return UserIsLoggedIn(lease);
}

CK_FLAGS Token::FlagsForLogin(State& state) {
  if (!state.connected.load()) Connect(state);
  {
    const std::lock_guard lock(state.mutex);
    if (const auto flags = std::exchange(state.fresh_flags, std::nullopt)) return *flags;
  }
  return module_->TokenInfo(state.slot.load()).flags;
}

void Token::CheckPinState(CK_FLAGS flags, const Credentials& credentials) const {
  if ((flags & CKF_USER_PIN_LOCKED) != 0) throw RvError(CKR_PIN_LOCKED, "", label_).WithUri(credentials.uri);
  if ((flags & CKF_USER_PIN_INITIALIZED) == 0) {
    throw RvError(CKR_USER_PIN_NOT_INITIALIZED, "", label_).WithUri(credentials.uri);
  }
  if ((flags & CKF_USER_PIN_FINAL_TRY) != 0 && !credentials.allow_final_try) {
    throw Error({.code = ErrorCode::kPinFinalTry,
                 .detail = fmt::format("token {}: one wrong PIN more locks it, so none was sent", label_),
                 .token = label_,
                 .uri = credentials.uri,
                 .mend = "When you are sure of the PIN, set allow-final-try = true."});
  }
}

PinRequest Token::RequestFor(const Credentials& credentials, PinRequest::Kind kind, CK_FLAGS flags) const {
  return {.kind = kind,
          .name = label_,
          .uri = credentials.uri,
          .count_low = (flags & CKF_USER_PIN_COUNT_LOW) != 0,
          .final_try = (flags & CKF_USER_PIN_FINAL_TRY) != 0};
}

// LedgerName keeps the two kinds of PIN apart in the ledger: one may be wrong where the other is right.
std::string Token::LedgerName(PinRequest::Kind kind) const {
  return kind == PinRequest::Kind::kContextPin ? identity_ + "\ncontext" : identity_;
}

// KeptPin gives a PIN that worked before, or that a person just gave, unless it was refused since: the key's
// own, else the user's.
std::optional<Secret> Token::KeptPin(PinRequest::Kind kind, const KeptSecret* own) const {
  for (const KeptSecret* keeper : {own, &kept_pin_}) {
    const Secret* kept = keeper != nullptr ? keeper->get() : nullptr;
    if (kept != nullptr && !RefusedPinLedger::WasRefused(LedgerName(kind), *kept)) return kept->Clone();
  }
  return std::nullopt;
}

// ChoosePin takes a kept PIN, else what the URI or the settings bring, else asks, one thread at a time. A PIN
// that the token refused is passed over, or is an error where there is no other.
Secret Token::ChoosePin(const Credentials& credentials, PinRequest::Kind kind, CK_FLAGS flags,
                        KeptSecret* own) {
  if (auto kept = KeptPin(kind, own)) return *std::move(kept);
  bool refused = kept_pin_.get() != nullptr;
  if (auto brought = credentials.pin.Read()) {
    if (!RefusedPinLedger::WasRefused(LedgerName(kind), *brought)) return *std::move(brought);
    // For the user's own PIN nobody is asked who gave one: the key's may just be another.
    if (kind == PinRequest::Kind::kUserPin) throw RefusedBefore(label_, credentials.uri);
    refused = true;
  }
  if (credentials.prompt != nullptr) {
    const std::uint64_t generation = ForkGeneration();
    const Turns::Turn turn(state_.Get().asking);
    if (auto kept = KeptPin(kind, own)) return *std::move(kept);  // Somebody was asked meanwhile.
    auto answer = credentials.prompt->Ask(RequestFor(credentials, kind, flags));
    // A child that was forked meanwhile has a module of its own to initialise.
    if (generation != ForkGeneration()) throw RvError(CKR_CRYPTOKI_NOT_INITIALIZED, "fork", label_);
    if (answer && !RefusedPinLedger::WasRefused(LedgerName(kind), *answer)) {
      if (own != nullptr) own->Keep(*answer);
      return *std::move(answer);
    }
    refused |= answer.has_value();
  }
  if (refused) throw RefusedBefore(label_, credentials.uri);
  throw NoPin(label_, credentials);
}

void Token::SendPin(Lease& lease, CK_USER_TYPE user, const Secret* pin, const Credentials& credentials,
                    KeptSecret& keep) {
  const auto kind = user == CKU_CONTEXT_SPECIFIC ? PinRequest::Kind::kContextPin : PinRequest::Kind::kUserPin;
  // Another thread may have learnt that it is wrong since it was chosen.
  if (pin != nullptr && RefusedPinLedger::WasRefused(LedgerName(kind), *pin)) {
    throw RefusedBefore(label_, credentials.uri);
  }
  // PKCS#11 wants a pointer that is not const; no module writes to it.
  auto* const text =
      pin != nullptr ? reinterpret_cast<CK_UTF8CHAR*>(const_cast<char*>(pin->view().data())) : nullptr;
  CK_UTF8CHAR empty = 0;
  CK_UTF8CHAR* const bytes = pin != nullptr && text == nullptr ? &empty : text;
  const CK_ULONG size = pin != nullptr ? pin->size() : 0;
  // While nobody knows what became of a PIN it is not sent again.
  struct Sent {
    const std::string name;
    const Secret* pin;
  } sent{LedgerName(kind), pin};
  CallWatch::Holding in_doubt(
      [](void* object) {
        const auto* const doubtful = static_cast<const Sent*>(object);
        if (doubtful->pin != nullptr) RefusedPinLedger::Refused(doubtful->name, *doubtful->pin);
      },
      &sent);
  const CK_RV rv = lease.Call(SIGNET_CK(C_Login), kNoMechanism, user, bytes, size);
  if (rv == CKR_OK) {
    if (pin != nullptr) {
      RefusedPinLedger::Accepted(LedgerName(kind), *pin);
      keep.Keep(*pin);
    }
    return;
  }
  if (!in_doubt.End() && !IsRefusal(rv) && pin != nullptr) RefusedPinLedger::Accepted(LedgerName(kind), *pin);
  if (rv == CKR_USER_ALREADY_LOGGED_IN) return;
  if (IsRefusal(rv) && pin != nullptr) RefusedPinLedger::Refused(LedgerName(kind), *pin);
  if (rv == CKR_FUNCTION_CANCELED || rv == CKR_CANCEL) {
    throw Error({.code = ErrorCode::kPinNeeded,
                 .detail = fmt::format("token {}: the PIN entry at the reader was cancelled", label_),
                 .call = "C_Login",
                 .native = {NativeCode::Kind::kPkcs11, rv, RvName(rv)},
                 .token = label_,
                 .uri = credentials.uri,
                 .mend = "Try again and enter the PIN at the reader."});
  }
  throw RvError(rv, "C_Login", label_).WithUri(credentials.uri);
}

Token::ContextPin Token::PrepareContextLogin(const Credentials& credentials, KeptSecret& kept) {
  CK_FLAGS flags = info_.flags;
  const Secret* known = kept.get();
  if (known == nullptr || RefusedPinLedger::WasRefused(LedgerName(PinRequest::Kind::kContextPin), *known)) {
    flags = Use(&credentials, false, [this](Lease&) { return FlagsForLogin(state_.Get()); });
    CheckPinState(flags, credentials);
  }
  if ((flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0) {
    if (credentials.prompt != nullptr) {
      credentials.prompt->LookAtReader(RequestFor(credentials, PinRequest::Kind::kContextPin, flags));
    }
    return {};
  }
  return {.pin = ChoosePin(credentials, PinRequest::Kind::kContextPin, flags, &kept)};
}

void Token::LogInForOperation(Lease& lease, const ContextPin& pin, const Credentials& credentials,
                              KeptSecret& kept) {
  SendPin(lease, CKU_CONTEXT_SPECIFIC, pin.pin ? &*pin.pin : nullptr, credentials, kept);
}

}  // namespace signet

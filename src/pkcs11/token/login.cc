#include "pkcs11/token/login.h"

#include "pkcs11/token/login_errors.h"
#include "process/refused_pin_ledger.h"

#include <utility>
#include <vector>

#include <fmt/format.h>

namespace signet {
namespace {

using Step = LoginStep::Kind;

bool IsRefusal(CK_RV rv) {
  return rv == CKR_PIN_INCORRECT || rv == CKR_PIN_INVALID || rv == CKR_PIN_LEN_RANGE;
}

Error GivenUp() {
  return Error({.code = ErrorCode::kTimeout,
                .detail = "the login did not come to an end in time",
                .call = "C_Login",
                .mend = "Check the connection to the token, or raise call-timeout-ms."});
}

// What the token said is good for so long.
constexpr std::chrono::milliseconds kShort{200};

TokenPinState PinStateOf(const CK_TOKEN_INFO& info) {
  return {.flags = info.flags, .min_length = info.ulMinPinLen};
}

PinPolicy PolicyOf(const Credentials& credentials) {
  return {.allow_final_try = credentials.allow_final_try,
          .pass_phrase_on_low_count = credentials.pass_phrase_on_low_count};
}

}  // namespace

struct Login::Candidate {
  PinOrigin origin;
  Secret pin;
};

// Candidates are the PINs at hand for one login, the preferred one first: what the URI or the settings bring,
// as it may have been changed since, then what worked before. Where the former cannot be read any more, the
// latter does.
class Login::Candidates {
 public:
  Candidates(const Credentials& credentials, std::initializer_list<const KeptSecret*> kept,
             std::string ledger_name)
      : ledger_name_(std::move(ledger_name)) {
    std::optional<Error> unreadable;
    try {
      if (auto brought = credentials.pin.Read()) {
        Add({credentials.pin.is_value() ? PinOrigin::kUriValue : PinOrigin::kSource, *std::move(brought)});
      }
    } catch (const Error& error) {
      unreadable = error.WithUri(credentials.uri);
    }
    AddKept(kept);
    if (pins_.empty() && unreadable) throw *std::move(unreadable);
  }

  void Add(Candidate candidate) {
    facts_.push_back({.origin = candidate.origin,
                      .empty = candidate.pin.size() == 0,
                      .refused = RefusedPinLedger::WasRefused(ledger_name_, candidate.pin)});
    pins_.push_back(std::move(candidate));
  }
  void AddKept(std::initializer_list<const KeptSecret*> kept) {
    for (const KeptSecret* keeper : kept) {
      const Secret* pin = keeper->get();
      if (pin != nullptr) Add({PinOrigin::kKept, pin->Clone()});
    }
  }

  std::span<const PinFacts> facts() const noexcept { return facts_; }
  Candidate& at(std::size_t index) { return pins_.at(index); }

 private:
  std::string ledger_name_;
  std::vector<Candidate> pins_;
  std::vector<PinFacts> facts_;
};

bool Login::wanted(const Credentials& credentials) const noexcept {
  return (sessions_.flags() & CKF_LOGIN_REQUIRED) != 0 || !credentials.pin.empty() ||
         credentials.behavior == Settings::LoginBehavior::kAlways;
}

std::string Login::LedgerName(PinRequest::Kind kind) const {
  // A key's own PIN may be right where the user's is wrong.
  return kind == PinRequest::Kind::kContextPin ? ledger_name_ + "\ncontext" : ledger_name_;
}

PinRequest Login::RequestFor(const Credentials& credentials, PinRequest::Kind kind, CK_FLAGS flags) const {
  return {.kind = kind,
          .name = context_.label,
          .uri = credentials.uri,
          .count_low = (flags & CKF_USER_PIN_COUNT_LOW) != 0,
          .final_try = (flags & CKF_USER_PIN_FINAL_TRY) != 0};
}

std::optional<Error> Login::TroubleOf(CK_FLAGS flags, const Credentials& credentials) const {
  const auto refusal = RefusalOfState({.flags = flags}, PolicyOf(credentials));
  if (!refusal) return std::nullopt;
  return LoginError({.kind = Step::kFail, .why = LoginStep::Failure::kState, .refusal = *refusal},
                    context_.label, credentials);
}

void Login::ThrowUsedInsidePrompt() const {
  throw Error({.code = ErrorCode::kBadArgument,
               .detail = fmt::format("token {}: the PIN prompt used the token that it asks the PIN for",
                                     context_.label),
               .token = context_.label,
               .mend = "Do not sign or log in with the same token inside PinPrompt."});
}

template <class Call>
auto Login::Asking(Call call) {
  struct Mark {
    explicit Mark(std::atomic<std::thread::id>& mark) : asker(mark) { asker = std::this_thread::get_id(); }
    ~Mark() { asker = std::thread::id(); }
    std::atomic<std::thread::id>& asker;
  } marked(asker_);
  return call();
}

void Login::Ensure(Action& action) {
  const Credentials& credentials = *action.access.credentials;
  if (believed()) return;
  if (asker_.load() == std::this_thread::get_id()) ThrowUsedInsidePrompt();
  const std::uint64_t generation = ForkGeneration();
  {
    Lock lock(mutex_);
    while (busy_) {
      const std::uint64_t round = round_;
      while (round_ == round) over_.Wait(lock);
      if (believed()) return;
      // Without a PIN of its own this thread would ask the same person once more.
      if (credentials.pin.empty() && failure_) throw Error(*failure_);
    }
    if (believed()) return;
    busy_ = true;
  }
  CallWatch::Holding turn([](void* login) { static_cast<Login*>(login)->End(GivenUp(), 0); }, this);
  std::optional<Error> failure;
  std::uint64_t epoch = 0;
  try {
    epoch = LogIn(action);
  } catch (const Error& error) {
    failure = error;
  } catch (...) {
    failure = Error({.detail = "the PIN prompt failed", .token = context_.label});
  }
  if (generation != ForkGeneration()) throw RvError(CKR_CRYPTOKI_NOT_INITIALIZED, "fork", context_.label);
  if (!turn.End()) throw GivenUp();
  End(failure, epoch);
  if (failure) throw *std::move(failure);
}

void Login::End(const std::optional<Error>& failure, std::uint64_t epoch) {
  {
    const Lock lock(mutex_);
    busy_ = false;
    ++round_;
    failure_ = failure;
    if (!failure) belief_.store(epoch, std::memory_order_release);
  }
  over_.NotifyAll();
}

// LogIn gives the epoch in which the user was seen to be logged in; 0 where the token wants no login.
std::uint64_t Login::LogIn(Action& action) {
  using Kind = PinRequest::Kind;
  const Credentials& credentials = *action.access.credentials;
  std::optional<Candidates> candidates;
  for (;;) {
    action.stage = Stage::kOpen;
    std::optional<SessionLease> lease(std::in_place, context_, sessions_, false);
    action.stage = Stage::kLogin;
    LoginFacts facts{.session = lease->State(), .token = PinStateOf(sessions_.Look())};
    if (!action.login_wanted && !wanted(credentials)) return 0;
    if (NextLoginStep(facts).kind == Step::kReady) return lease->epoch();
    if (!candidates) {
      const auto before = Action::Clock::now();
      lease.reset();  // A pipe may take its time.
      candidates.emplace(credentials, std::initializer_list<const KeptSecret*>{&kept_},
                         LedgerName(Kind::kUserPin));
      if (Action::Clock::now() - before > kShort) continue;
      lease.emplace(context_, sessions_, false);
    }
    facts.pins = candidates->facts();
    facts.may_ask = credentials.prompt != nullptr && !action.asked;
    facts.failed = action.login_failure.has_value();
    facts.logins = action.logins + (action.believed_before ? 1 : 0);
    facts.policy = PolicyOf(credentials);
    const LoginStep step = NextLoginStep(facts);
    if (step.kind == Step::kAskPerson) {
      lease.reset();
      auto answer = Ask(credentials, Kind::kUserPin, facts.token.flags);
      action.asked = true;
      action.Restart();
      if (answer) candidates->Add(*std::move(answer));
      continue;
    }
    if (step.kind == Step::kFail) {
      action.over = true;
      if (step.why == LoginStep::Failure::kFailedBefore) throw Error(*action.login_failure);
      throw LoginError(step, context_.label, credentials);
    }
    const bool reader = step.kind == Step::kAskReader;
    if (reader && credentials.prompt != nullptr) {
      Asking([&] {
        credentials.prompt->LookAtReader(RequestFor(credentials, Kind::kUserPin, facts.token.flags));
        return true;
      });
    }
    const Candidate* chosen = reader ? nullptr : &candidates->at(step.pin);
    if (auto failure = Send(*lease, {.user = CKU_USER,
                                     .pin = reader ? nullptr : &chosen->pin,
                                     .origin = reader ? PinOrigin::kPerson : chosen->origin,
                                     .credentials = credentials,
                                     .keep = kept_})) {
      action.login_failure = failure;
      throw *std::move(failure);
    }
    ++action.logins;
    return lease->epoch();
  }
}

// Ask asks the program, one thread at a time.
std::optional<Login::Candidate> Login::Ask(const Credentials& credentials, PinRequest::Kind kind,
                                           CK_FLAGS flags) {
  if (asker_.load() == std::this_thread::get_id()) ThrowUsedInsidePrompt();
  const std::uint64_t generation = ForkGeneration();
  auto answer = Asking([&] { return credentials.prompt->Ask(RequestFor(credentials, kind, flags)); });
  // A child that was forked meanwhile has a module of its own to initialise.
  if (generation != ForkGeneration()) throw RvError(CKR_CRYPTOKI_NOT_INITIALIZED, "fork", context_.label);
  if (!answer) return std::nullopt;
  const bool person = credentials.prompt->asks_person();
  return Candidate{person ? PinOrigin::kPerson : PinOrigin::kPassPhrase, *std::move(answer)};
}

std::optional<Error> Login::Send(SessionLease& lease, const Sending& sending) {
  const auto kind =
      sending.user == CKU_CONTEXT_SPECIFIC ? PinRequest::Kind::kContextPin : PinRequest::Kind::kUserPin;
  const Secret* pin = sending.pin;
  // Another thread may have learnt that it is wrong since it was chosen.
  if (pin != nullptr && RefusedPinLedger::WasRefused(LedgerName(kind), *pin)) {
    return LoginError(
        {.kind = Step::kFail, .why = LoginStep::Failure::kPin, .refusal = PinRefusal::kRefusedBefore},
        context_.label, sending.credentials);
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
  const CK_RV rv = lease.Call(SIGNET_CK(C_Login), kNoMechanism, sending.user, bytes, size);
  const bool given_up = !in_doubt.End();
  if (rv == CKR_OK) {
    if (pin == nullptr) return std::nullopt;
    RefusedPinLedger::Accepted(sent.name, *pin);
    sending.keep.Keep(*pin);
    return std::nullopt;
  }
  // A pass phrase that is no PIN would come again at each start of the program.
  const bool spent = IsRefusal(rv) || sending.origin == PinOrigin::kPassPhrase;
  if (pin != nullptr && given_up && !spent) RefusedPinLedger::Accepted(sent.name, *pin);
  if (rv == CKR_USER_ALREADY_LOGGED_IN) return std::nullopt;
  if (pin != nullptr && spent) RefusedPinLedger::Refused(sent.name, *pin);
  if (rv == CKR_FUNCTION_CANCELED || rv == CKR_CANCEL) {
    return Error(
        {.code = ErrorCode::kPinNeeded,
         .detail = fmt::format("token {}: the PIN entry at the reader was cancelled", context_.label),
         .call = "C_Login",
         .native = {NativeCode::Kind::kPkcs11, rv, RvName(rv)},
         .token = context_.label,
         .uri = sending.credentials.uri,
         .mend = "Try again and enter the PIN at the reader."});
  }
  return RvError(rv, "C_Login", context_.label).WithUri(sending.credentials.uri);
}

ContextPin Login::PrepareContext(const std::function<CK_TOKEN_INFO()>& look, const Credentials& credentials,
                                 KeptSecret& kept) {
  constexpr auto kKind = PinRequest::Kind::kContextPin;
  const auto at_hand = [&] { return Candidates(credentials, {&kept, &kept_}, LedgerName(kKind)); };
  Candidates candidates = at_hand();
  for (bool asked = false;;) {
    const LoginFacts facts{.context = true,
                           .token = PinStateOf(look()),
                           .pins = candidates.facts(),
                           .may_ask = credentials.prompt != nullptr && !asked,
                           .policy = PolicyOf(credentials)};
    const LoginStep step = NextLoginStep(facts);
    if (step.kind == Step::kSendPin) {
      Candidate& chosen = candidates.at(step.pin);
      return {.pin = std::move(chosen.pin), .origin = chosen.origin};
    }
    if (step.kind == Step::kAskReader) {
      if (credentials.prompt != nullptr) {
        Asking([&] {
          credentials.prompt->LookAtReader(RequestFor(credentials, kKind, facts.token.flags));
          return true;
        });
      }
      return {.origin = PinOrigin::kPerson};
    }
    if (step.kind != Step::kAskPerson) throw LoginError(step, context_.label, credentials);
    asked = true;
    if (asker_.load() == std::this_thread::get_id()) ThrowUsedInsidePrompt();
    const Turns::Turn turn(asking_);
    Candidates fresh = at_hand();  // Another thread may have asked meanwhile.
    if (fresh.facts().size() == candidates.facts().size()) {
      if (auto answer = Ask(credentials, kKind, facts.token.flags)) {
        // A person's answer is kept at once, so that of many threads one asks; where it is wrong, the ledger
        // knows.
        if (answer->origin == PinOrigin::kPerson && answer->pin.size() != 0) kept.Keep(answer->pin);
        fresh.Add(*std::move(answer));
      }
    }
    candidates = std::move(fresh);
  }
}

void Login::SendContext(SessionLease& lease, const ContextPin& pin, const Credentials& credentials,
                        KeptSecret& kept) {
  if (!pin.failure) {
    pin.failure = Send(lease, {.user = CKU_CONTEXT_SPECIFIC,
                               .pin = pin.pin ? &*pin.pin : nullptr,
                               .origin = pin.origin,
                               .credentials = credentials,
                               .keep = kept});
  }
  if (pin.failure) throw Error(*pin.failure);
}

}  // namespace signet

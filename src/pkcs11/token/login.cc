#include "pkcs11/token/login.h"

#include "pkcs11/token/login_errors.h"
#include "pkcs11/token/send_pin.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace signet {
namespace {

using Step = LoginStep::Kind;

Error GivenUp() {
  return Error({.code = ErrorCode::kTimeout,
                .detail = "the login did not come to an end in time",
                .call = "C_Login",
                .hint = "Check the connection to the token, or raise call-timeout-ms."});
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

bool Login::wanted(const Credentials& credentials) const noexcept {
  const bool brought = !credentials.pin.empty() && !credentials.pin_is_configured;
  return (sessions_.flags() & CKF_LOGIN_REQUIRED) != 0 || brought ||
         credentials.behavior == Settings::LoginBehavior::kAlways;
}

std::string Login::LedgerName(PinRequest::Kind kind) const {
  return LedgerNameOf(token_key_, kind == PinRequest::Kind::kContextPin ? CKU_CONTEXT_SPECIFIC : CKU_USER);
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
               .hint = "Do not sign or log in with the same token inside PinPrompt."});
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
    const std::uint64_t first_round = round_;
    while (busy_) {
      const std::uint64_t round = round_;
      ++waiting_;
      while (round_ == round) over_.Wait(lock);
      Share(action, first_round);
      if (believed()) return;
      // Without a PIN of its own this thread would ask the same person once more.
      if (credentials.pin.empty() && failure_) throw Error(*failure_);
    }
    if (believed()) return;
    busy_ = true;
  }
  CallWatch::Holding turn([](void* login) { static_cast<Login*>(login)->End(GivenUp(), 0, std::nullopt); },
                          this);
  std::optional<Error> failure;
  std::optional<SpentPin> spent;
  std::uint64_t epoch = 0;
  try {
    epoch = LogIn(action, spent);
  } catch (const Error& error) {
    failure = error;
  } catch (...) {
    failure = Error({.detail = "the PIN prompt failed", .token = context_.label});
  }
  if (generation != ForkGeneration()) throw RvError(CKR_CRYPTOKI_NOT_INITIALIZED, "fork", context_.label);
  if (!turn.End()) throw GivenUp();
  End(failure, epoch, std::move(spent));
  if (failure) throw *std::move(failure);
}

// Share lets the action know the PINs that came to nothing since it began to wait.
void Login::Share(Action& action, std::uint64_t first_round) {
  for (const auto& [round, spent] : spent_) {
    const bool known = std::ranges::any_of(
        action.spent, [&pin = spent.pin](const SpentPin& one) { return one.pin.view() == pin.view(); });
    if (round >= first_round && !known) action.spent.push_back({spent.pin.Clone(), spent.failure});
  }
  if (--waiting_ == 0) spent_.clear();
}

void Login::End(const std::optional<Error>& failure, std::uint64_t epoch, std::optional<SpentPin> spent) {
  {
    const Lock lock(mutex_);
    busy_ = false;
    if (spent && waiting_ > 0) spent_.emplace_back(round_, *std::move(spent));
    ++round_;
    failure_ = failure;
    if (!failure) {
      belief_.store(epoch, std::memory_order_release);
      generation_.fetch_add(1);
    }
  }
  over_.NotifyAll();
}

// Attempt is what one login has at hand; a session is held only while the token is asked.
struct Login::Attempt {
  std::string ledger_name;
  std::optional<SpentPin>& spent;
  std::optional<PinCandidates> candidates;
  std::optional<SessionLease> lease;
};

// LogIn gives the epoch in which the user was seen to be logged in; 0 where the token wants no login.
// `spent` is set to the PIN that came to nothing.
std::uint64_t Login::LogIn(Action& action, std::optional<SpentPin>& spent) {
  Attempt attempt{.ledger_name = LedgerName(PinRequest::Kind::kUserPin), .spent = spent};
  for (;;) {
    try {
      if (const auto epoch = Advance(action, attempt)) return *epoch;
    } catch (const Error& error) {
      if (attempt.lease) attempt.lease->Spoilt(error);
      throw;
    }
  }
}

// Advance looks at the token and does the next step; nothing where another has to follow.
std::optional<std::uint64_t> Login::Advance(Action& action, Attempt& attempt) {
  const Credentials& credentials = *action.access.credentials;
  auto& [ledger_name, spent, candidates, lease] = attempt;
  action.stage = Stage::kOpen;
  if (!lease) lease.emplace(context_, sessions_, false);
  action.stage = Stage::kLogin;
  LoginFacts facts{.session = lease->State(), .token = PinStateOf(sessions_.Look())};
  if (!action.login_wanted && !wanted(credentials)) return 0;
  if (NextLoginStep(facts).kind == Step::kReady) return lease->epoch();
  if (!candidates) {
    const auto before = Action::Clock::now();
    candidates.emplace(credentials, std::initializer_list<const KeptSecret*>{&kept_}, ledger_name,
                       (facts.token.flags & CKF_LOGIN_REQUIRED) != 0);
    // A pipe may have taken its time.
    if (Action::Clock::now() - before > kShort) return std::nullopt;
  }
  facts.pins = candidates->facts();
  facts.may_ask = credentials.prompt != nullptr && !action.asked;
  facts.failed = action.login_failure.has_value();
  facts.logins = action.logins + (action.believed_before ? 1 : 0);
  facts.policy = PolicyOf(credentials);
  const LoginStep step = NextLoginStep(facts);
  switch (step.kind) {
    case Step::kReady:
      return lease->epoch();
    case Step::kAskPerson:
      lease.reset();
      if (auto answer = Ask(credentials, PinRequest::Kind::kUserPin, facts.token.flags))
        candidates->Add(*std::move(answer));
      action.asked = true;
      action.Restart();
      return std::nullopt;
    case Step::kFail:
      action.over = true;
      if (step.why == LoginStep::Failure::kFailedBefore) throw Error(*action.login_failure);
      throw LoginError(step, context_.label, credentials);
    case Step::kAskReader:
      TellOfReader(credentials, PinRequest::Kind::kUserPin, facts.token.flags);
      break;
    case Step::kSendPin:
      break;
  }
  return Send(action, attempt, step.kind == Step::kSendPin ? &candidates->at(step.pin) : nullptr);
}

// Send sends `chosen`, or lets the reader ask; nothing where the state has to be looked at once more.
std::optional<std::uint64_t> Login::Send(Action& action, Attempt& attempt, const PinCandidate* chosen) {
  const auto fail = [&](const Error& failure) {
    action.login_failure = failure;
    if (action.access.logins != nullptr) action.access.logins->Set(failure);
    throw Error(failure);
  };
  for (const SpentPin& one : action.spent) {
    if (chosen == nullptr || one.pin.view() != chosen->pin.view()) continue;
    action.over = true;
    fail(one.failure);
  }
  const SentPin sent =
      SendPin(*attempt.lease, {.user = CKU_USER,
                               .pin = chosen != nullptr ? &chosen->pin : nullptr,
                               .origin = chosen != nullptr ? chosen->origin : PinOrigin::kPerson,
                               .credentials = *action.access.credentials,
                               .label = context_.label,
                               .ledger_name = attempt.ledger_name,
                               .keep = kept_});
  if (sent.failure) {
    if (chosen != nullptr) attempt.spent = SpentPin{chosen->pin.Clone(), *sent.failure};
    fail(*sent.failure);
  }
  ++action.logins;
  // Who was logged in already may be logged out by now.
  if (sent.outcome == SentPin::Outcome::kWasIn) return std::nullopt;
  return attempt.lease->epoch();
}

void Login::TellOfReader(const Credentials& credentials, PinRequest::Kind kind, CK_FLAGS flags) {
  if (credentials.prompt == nullptr) return;
  Asking([&] {
    credentials.prompt->LookAtReader(RequestFor(credentials, kind, flags));
    return true;
  });
}

// Ask asks the program, one thread at a time.
std::optional<PinCandidate> Login::Ask(const Credentials& credentials, PinRequest::Kind kind,
                                       CK_FLAGS flags) {
  if (asker_.load() == std::this_thread::get_id()) ThrowUsedInsidePrompt();
  const std::uint64_t generation = ForkGeneration();
  auto answer = Asking([&] { return credentials.prompt->Ask(RequestFor(credentials, kind, flags)); });
  // A child that was forked meanwhile has a module of its own to initialise.
  if (generation != ForkGeneration()) throw RvError(CKR_CRYPTOKI_NOT_INITIALIZED, "fork", context_.label);
  if (!answer) return std::nullopt;
  const bool person = credentials.prompt->asks_person();
  return PinCandidate{person ? PinOrigin::kPerson : PinOrigin::kPassPhrase, *std::move(answer)};
}

ContextPin Login::PrepareContext(const std::function<CK_TOKEN_INFO()>& look, const Credentials& credentials,
                                 KeptSecret& kept) {
  constexpr auto kKind = PinRequest::Kind::kContextPin;
  const auto at_hand = [&] {
    return PinCandidates(credentials, {&kept, &kept_}, LedgerName(kKind),
                         (sessions_.flags() & CKF_LOGIN_REQUIRED) != 0);
  };
  PinCandidates candidates = at_hand();
  for (bool asked = false;;) {
    const LoginFacts facts{.context = true,
                           .token = PinStateOf(look()),
                           .pins = candidates.facts(),
                           .may_ask = credentials.prompt != nullptr && !asked,
                           .policy = PolicyOf(credentials)};
    const LoginStep step = NextLoginStep(facts);
    if (step.kind == Step::kSendPin) {
      PinCandidate& chosen = candidates.at(step.pin);
      return {.pin = std::move(chosen.pin), .origin = chosen.origin};
    }
    if (step.kind == Step::kAskReader) {
      TellOfReader(credentials, kKind, facts.token.flags);
      return {.origin = PinOrigin::kPerson};
    }
    if (step.kind != Step::kAskPerson) throw LoginError(step, context_.label, credentials);
    asked = true;
    if (asker_.load() == std::this_thread::get_id()) ThrowUsedInsidePrompt();
    const Turns::Turn turn(asking_);
    PinCandidates fresh = at_hand();  // Another thread may have asked meanwhile.
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
    const SentPin sent = SendPin(lease, {.user = CKU_CONTEXT_SPECIFIC,
                                         .pin = pin.pin ? &*pin.pin : nullptr,
                                         .origin = pin.origin,
                                         .credentials = credentials,
                                         .label = context_.label,
                                         .ledger_name = LedgerName(PinRequest::Kind::kContextPin),
                                         .keep = kept});
    pin.failure = sent.failure;
    if (sent.outcome == SentPin::Outcome::kLoggedIn) pin.works = true;
  }
  if (pin.failure) throw Error(*pin.failure);
}

}  // namespace signet

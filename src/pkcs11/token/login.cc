#include "pkcs11/token/login.h"

#include "pkcs11/token/login_errors.h"
#include "pkcs11/token/login_facts.h"
#include "pkcs11/token/send_pin.h"

#include <algorithm>
#include <utility>

namespace signet::inline pkcs11 {
namespace {

using Step = LoginStep::Kind;

Error GivenUp() {
  return Error({.code = ErrorCode::kTimeout,
                .detail = "the login did not finish in time",
                .call = "C_Login",
                .hint = "Check the connection to the token, or raise call-timeout-ms."});
}

// Information from the token is valid for this time.
constexpr std::chrono::milliseconds kShort{200};

}  // namespace

bool Login::wanted(const Credentials& credentials) const noexcept {
  const bool brought = !credentials.pin.empty() && !credentials.pin_is_configured;
  return (sessions_.flags() & CKF_LOGIN_REQUIRED) != 0 || brought ||
         credentials.behavior == Settings::LoginBehavior::kAlways;
}

std::string Login::LedgerName(PinRequest::Kind kind) const {
  return LedgerNameOf(token_key_, kind == PinRequest::Kind::kContextPin ? CKU_CONTEXT_SPECIFIC : CKU_USER);
}

std::optional<Error> Login::TroubleOf(CK_FLAGS flags, const Credentials& credentials) const {
  const auto refusal = RefusalOfState({.flags = flags}, PolicyOf(credentials));
  if (!refusal) return std::nullopt;
  return LoginError({.kind = Step::kFail, .why = LoginStep::Failure::kState, .refusal = *refusal},
                    context_.label, credentials);
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

// Share tells the action the PINs that failed since it began to wait.
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

// Attempt is what one login has available; a session is held only while the token is asked.
struct Login::Attempt {
  std::string ledger_name;
  std::optional<SpentPin>& spent;
  std::optional<PinCandidates> candidates;
  std::optional<SessionLease> lease;
};

// LogIn gives the epoch in which the user was seen to be logged in; 0 if the token requires no login.
// `spent` is set to the PIN that failed.
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

// Advance looks at the token and does the next step; nothing if another has to follow.
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

// Send sends `chosen`, or lets the reader ask; nothing if the state has to be looked at once more.
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

}  // namespace signet::inline pkcs11

// What a login asks the person, and the login of one operation.
#include "pkcs11/token/login.h"
#include "pkcs11/token/login_errors.h"
#include "pkcs11/token/login_facts.h"
#include "pkcs11/token/send_pin.h"

#include <utility>

#include <fmt/format.h>

namespace signet::inline pkcs11 {
namespace {

using Step = LoginStep::Kind;

}  // namespace

PinRequest Login::RequestFor(const Credentials& credentials, PinRequest::Kind kind, CK_FLAGS flags) const {
  return {.kind = kind,
          .name = context_.label,
          .uri = credentials.uri,
          .count_low = (flags & CKF_USER_PIN_COUNT_LOW) != 0,
          .final_try = (flags & CKF_USER_PIN_FINAL_TRY) != 0};
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

}  // namespace signet::inline pkcs11

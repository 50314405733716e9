// What goes wrong between and in calls: scripted faults, and disturbances drawn from a seed.
#include "testing/memory_token/permitted_codes.h"
#include "testing/memory_token/state.h"

#include <algorithm>

namespace signet::testing {
namespace {

// TellsOfPin: a program must not send a PIN again after one of these, so that they do not heal.
bool TellsOfPin(CK_RV rv) {
  return rv == CKR_PIN_INCORRECT || rv == CKR_PIN_LOCKED || rv == CKR_PIN_INVALID ||
         rv == CKR_PIN_LEN_RANGE || rv == CKR_PIN_EXPIRED || rv == CKR_USER_PIN_NOT_INITIALIZED;
}

bool IsOfAttributes(CK_RV rv) {
  return rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_SENSITIVE || rv == CKR_BUFFER_TOO_SMALL;
}

}  // namespace

// SplitMix64 (Steele, Lea, Flood 2014): the same numbers everywhere.
std::uint64_t MemoryState::Draw(std::uint64_t below) {
  std::uint64_t z = (random_ += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return (z ^ (z >> 31)) % below;
}

void MemoryState::Set(const MemoryBehaviour& behaviour) {
  const std::lock_guard lock(mutex_);
  behaviour_ = behaviour;
  fault_matches_.assign(behaviour.faults.size(), 0);
  spent_ = 0;
}

void MemoryState::Disturb(const Disturbances& disturbances) {
  const std::lock_guard lock(mutex_);
  disturbances_ = disturbances;
  random_ = disturbances.seed;
  spent_ = 0;
  if (disturbances.per_mille == 0) {
    BringBack(true);
    for (const auto& token : tokens_) token->drawn_flags = token->drawn_cleared = 0;
    behaviour_.faults.clear();
    fault_matches_.clear();
  }
}

std::uint64_t MemoryState::disturbed() const {
  const std::lock_guard lock(mutex_);
  return spent_;
}

bool MemoryState::unsettled() const {
  const std::lock_guard lock(mutex_);
  const auto shows_others = [](const auto& token) {
    return (token->drawn_flags | token->drawn_cleared) != 0;
  };
  return !returns_.empty() || std::ranges::any_of(tokens_, shows_others);
}

void MemoryState::DrawFlags(MemoryToken& token) {
  constexpr CK_FLAGS kFlags[] = {CKF_USER_PIN_COUNT_LOW, CKF_USER_PIN_FINAL_TRY, CKF_USER_PIN_LOCKED,
                                 CKF_USER_PIN_TO_BE_CHANGED};
  constexpr CK_FLAGS kCleared[] = {CKF_LOGIN_REQUIRED, CKF_USER_PIN_INITIALIZED, CKF_RNG};
  token.drawn_flags = token.drawn_cleared = 0;
  const std::uint64_t drawn = Draw(std::size(kFlags) + std::size(kCleared) + 1);
  if (drawn < std::size(kFlags)) {
    token.drawn_flags = kFlags[drawn];
  } else if (drawn < std::size(kFlags) + std::size(kCleared)) {
    token.drawn_cleared = kCleared[drawn - std::size(kFlags)];
  }
}

void MemoryState::BringBack(bool all) {
  for (std::size_t i = 0; i < returns_.size();) {
    const Return one = returns_[i];
    if (!all && one.at > calls_begun_) {
      ++i;
      continue;
    }
    returns_.erase(returns_.begin() + static_cast<std::ptrdiff_t>(i));
    std::size_t slot = one.slot;
    if (slots_[slot] != nullptr) {
      const auto free = std::ranges::find(slots_, nullptr);
      slot = static_cast<std::size_t>(free - slots_.begin());
    }
    if (slot < slots_.size()) slots_[slot] = one.token;
  }
}

void MemoryState::DisturbNow() {
  enum class Kind { kLogout, kRemoval, kSwap, kFinalise, kSessions, kFlags };
  std::vector<Kind> kinds;
  if (disturbances_.logout) kinds.push_back(Kind::kLogout);
  if (disturbances_.removal) kinds.push_back(Kind::kRemoval);
  if (disturbances_.swap && slots_.size() > 1) kinds.push_back(Kind::kSwap);
  if (disturbances_.finalise) kinds.push_back(Kind::kFinalise);
  if (disturbances_.sessions) kinds.push_back(Kind::kSessions);
  if (disturbances_.flags) kinds.push_back(Kind::kFlags);
  if (kinds.empty() || slots_.empty()) return;
  ++spent_;
  const std::size_t slot = Draw(slots_.size());
  MemoryToken* const token = slots_[slot];
  switch (kinds[Draw(kinds.size())]) {
    case Kind::kLogout:
      call_.disturbance = "logout";
      if (token != nullptr) EndLogin(*token);
      break;
    case Kind::kRemoval: {
      call_.disturbance = "removal";
      if (token == nullptr) break;
      const std::uint64_t calls = Draw(4);
      TakeOut(token);
      if (calls == 0) {
        slots_[slot] = token;
      } else {
        returns_.push_back({calls_begun_ + calls, slot, token});
      }
      break;
    }
    case Kind::kSwap: {
      call_.disturbance = "swap";
      const std::size_t other = (slot + 1) % slots_.size();
      MemoryToken* const two = slots_[other];
      TakeOut(token);
      TakeOut(two);
      slots_[slot] = two;
      slots_[other] = token;
      break;
    }
    case Kind::kFinalise:
      call_.disturbance = "finalise";
      SetInitialised(false);
      break;
    case Kind::kFlags:
      call_.disturbance = "flags";
      if (token != nullptr) DrawFlags(*token);
      break;
    case Kind::kSessions:
      call_.disturbance = "sessions closed";
      CloseAllSessions(kFirstSlotId + slot);
      break;
  }
}

std::optional<MemoryState::Injection> MemoryState::Injected(std::size_t function, const CallOn&) {
  std::optional<Injection> chosen;
  for (std::size_t i = 0; i < behaviour_.faults.size(); ++i) {
    const ModuleFault& fault = behaviour_.faults[i];
    if (fault.function != "*" && fault.function != kFunctionNames[function]) continue;
    const std::uint64_t nth = ++fault_matches_[i];
    const bool hit = nth >= fault.nth && (fault.times == 0 || nth < fault.nth + fault.times);
    if (hit && !chosen) chosen = Injection{fault.result, fault.after, false};
  }
  if (chosen) {
    ++spent_;
    return chosen;
  }
  return Drawn(function);
}

std::optional<MemoryState::Injection> MemoryState::Drawn(std::size_t function) {
  const bool left = disturbances_.budget == 0 || spent_ < disturbances_.budget;
  if (disturbances_.per_mille == 0 || !disturbances_.codes || !left) return std::nullopt;
  if (Draw(2000) >= disturbances_.per_mille) return std::nullopt;
  const auto permitted = disturbances_.any_code ? AllCodesOfStandard() : PermittedCodesOf(function);
  std::vector<CK_RV> codes(permitted.begin(), permitted.end());
  const auto more = CodesOf3(function);
  if (behaviour_.version_3 && !disturbances_.any_code) codes.insert(codes.end(), more.begin(), more.end());
  const std::uint64_t number = Draw(codes.empty() ? 1 : codes.size());
  const bool after = Draw(2) == 1;
  if (codes.empty()) return std::nullopt;
  const CK_RV rv = codes[number];
  if (function == kC_Login && TellsOfPin(rv) && !disturbances_.pins) return std::nullopt;
  ++spent_;
  // The values of attributes and their lengths must be there with these codes.
  return Injection{rv, after || (function == kC_GetAttributeValue && IsOfAttributes(rv)), true};
}

// Make lets the state fit the code that a call ends with, as a module's word has to be true.
void MemoryState::Make(const Injection& injection, std::size_t function, const CallOn& on) {
  if (function == kC_GetAttributeValue && IsOfAttributes(injection.rv) && on.attribute_count > 0) {
    on.attributes[injection.coherent ? Draw(on.attribute_count) : 0].ulValueLen = CK_UNAVAILABLE_INFORMATION;
  }
  if (!injection.coherent) return;
  MemoryToken* const token = TokenOf(on);
  switch (injection.rv) {
    case CKR_CRYPTOKI_NOT_INITIALIZED:
      SetInitialised(false);
      break;
    case CKR_CRYPTOKI_ALREADY_INITIALIZED:
      initialised_ = true;
      break;
    case CKR_SESSION_HANDLE_INVALID:
    case CKR_SESSION_CLOSED:
      CloseSession(on.session);
      break;
    case CKR_DEVICE_REMOVED:
    case CKR_TOKEN_NOT_PRESENT:
      for (std::size_t i = 0; i < slots_.size(); ++i) {
        if (token == nullptr || slots_[i] != token) continue;
        TakeOut(token);
        slots_[i] = token;
      }
      break;
    case CKR_USER_NOT_LOGGED_IN:
      if (token != nullptr) EndLogin(*token);
      break;
    case CKR_USER_ALREADY_LOGGED_IN:
      if (token != nullptr && function == kC_Login) token->user = CKU_USER;
      break;
    case CKR_KEY_HANDLE_INVALID:
    case CKR_OBJECT_HANDLE_INVALID:
      if (token != nullptr) Renumber(*token);
      break;
    default:
      break;
  }
  // A session that failed may have nothing in progress.
  const auto session = sessions_.find(on.session);
  if (session == sessions_.end()) return;
  if (function == kC_Sign && injection.rv != CKR_BUFFER_TOO_SMALL) session->second.sign.reset();
  if (function == kC_Decrypt && injection.rv != CKR_BUFFER_TOO_SMALL) session->second.decrypt.reset();
  if (function == kC_SignInit && !injection.after) session->second.sign.reset();
  if (function == kC_DecryptInit && !injection.after) session->second.decrypt.reset();
}

}  // namespace signet::testing

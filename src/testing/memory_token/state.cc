#include "testing/memory_token/state.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include <pthread.h>

namespace signet::testing {
namespace {

// Action is what a thread does since BeginAction, and what it began with.
struct Action {
  std::uint64_t number = 0;
  std::vector<CK_RV> injected = {};
  MemoryEvents before = {};
  bool token_out = false;
};
thread_local Action this_action;

// Flags that a thread's call before this one was told.
struct ToldFlags {
  const MemoryToken* token = nullptr;
  CK_FLAGS flags = 0;
};
thread_local ToldFlags told_now;
thread_local ToldFlags told_before;

MemoryState* the_state = nullptr;  // a module's functions take no context; never destroyed

}  // namespace

CK_FLAGS MemoryToken::Flags() const {
  CK_FLAGS flags = CKF_RNG | flags_set | options.flags_set;
  if (options.login_required) flags |= CKF_LOGIN_REQUIRED;
  if (options.initialised) flags |= CKF_TOKEN_INITIALIZED;
  if (options.initialised && (!options.pin.empty() || options.min_pin_length == 0))
    flags |= CKF_USER_PIN_INITIALIZED;
  if (tries < options.tries) flags |= CKF_USER_PIN_COUNT_LOW;
  if (tries == 1) flags |= CKF_USER_PIN_FINAL_TRY;
  if (tries <= 0) flags |= CKF_USER_PIN_LOCKED;
  if (so_tries < options.tries) flags |= CKF_SO_PIN_COUNT_LOW;
  if (so_tries == 1) flags |= CKF_SO_PIN_FINAL_TRY;
  if (so_tries <= 0) flags |= CKF_SO_PIN_LOCKED;
  return (flags | drawn_flags) & ~drawn_cleared;
}

MemoryState& MemoryState::Get() {
  static std::once_flag once;
  std::call_once(once, [] {
    the_state = std::make_unique<MemoryState>().release();
    pthread_atfork([] { the_state->mutex_.lock(); }, [] { the_state->mutex_.unlock(); },
                   [] {
                     the_state->SetInitialised(false);
                     the_state->mutex_.unlock();
                   });
  });
  return *the_state;
}

void MemoryState::SetInitialised(bool on) {
  initialised_ = on;
  if (on) return;
  lost_service_.reset();
  next_session_ = 1;  // as most modules number them
  ++events_.finalisations;
  for (const auto& token : tokens_) {
    EndLogin(*token);
    std::erase_if(token->by_handle, [](const auto& entry) { return entry.second->owner != 0; });
    std::erase_if(token->objects, [](const auto& object) { return object->owner != 0; });
  }
  sessions_.clear();
}

MemoryToken* MemoryState::TokenIn(CK_SLOT_ID slot) {
  if (lost_service_) return nullptr;
  return slot >= kFirstSlotId && slot - kFirstSlotId < slots_.size() ? slots_[slot - kFirstSlotId] : nullptr;
}

MemoryToken* MemoryState::TokenOf(const CallOn& on) {
  if (on.slot) return TokenIn(*on.slot);
  const auto found = sessions_.find(on.session);
  return found == sessions_.end() ? nullptr : found->second.token;
}

void MemoryState::Told(const MemoryToken& token, CK_FLAGS flags) { told_now = {&token, flags}; }

void MemoryState::Begin(std::size_t function, const CallOn& on) {
  ++calls_begun_;
  // Flags and session state take two calls: one of them is older by the other.
  if (function != kC_GetSessionInfo) told_before = std::exchange(told_now, {});
  ++counts_[function];
  call_ = {.function = kFunctionNames[function], .session = on.session, .action = this_action.number};
  BringBack(false);
  // A single random number decides, so that a seed gives the same result for every call.
  if (disturbances_.per_mille != 0 && (disturbances_.budget == 0 || spent_ < disturbances_.budget) &&
      Draw(2000) < disturbances_.per_mille)
    DisturbNow();
  if (on.slot) call_.slot = *on.slot;
  const auto found = sessions_.find(on.session);
  if (found != sessions_.end()) call_.slot = found->second.slot;
  const MemoryToken* const token = TokenOf(on);
  if (token != nullptr) call_.token = token->options.serial;
  if (on.pin == nullptr) return;
  call_.user_type = on.user_type;
  // C_SetPIN is about the PIN of who is logged in.
  if (function == kC_SetPIN) call_.user_type = token != nullptr && token->user == CKU_SO ? CKU_SO : CKU_USER;
  call_.pin = *on.pin;
  if (token == nullptr) return;
  const MemoryTokenOptions& options = token->options;
  const bool fresh = function == kC_InitToken && !options.initialised;
  call_.pin_right = fresh || *on.pin == (call_.user_type == CKU_SO ? options.so_pin : options.pin);
  // Nobody can know of what changed since the call before.
  call_.flags = told_before.token == token ? told_before.flags : token->Flags();
}

// Gate is what every function of the kind checks first.
CK_RV MemoryState::Gate(std::size_t function, const CallOn& on) {
  if (function == kC_Initialize) return CKR_OK;
  if (!initialised_) return CKR_CRYPTOKI_NOT_INITIALIZED;
  if (lost_service_ && function != kC_Finalize) {
    const bool answers = function == kC_GetInfo && *lost_service_ != CKR_CRYPTOKI_NOT_INITIALIZED;
    if (*lost_service_ != CKR_OK && !answers) return *lost_service_;
    if (on.session != 0) return CKR_DEVICE_REMOVED;
  }
  if (on.slot && (*on.slot < kFirstSlotId || *on.slot - kFirstSlotId >= slots_.size()))
    return CKR_SLOT_ID_INVALID;
  if (!on.slot && on.session == 0) {
    const bool takes_none = function == kC_Finalize || function == kC_GetInfo || function == kC_GetSlotList;
    return takes_none ? CKR_OK : CKR_SESSION_HANDLE_INVALID;
  }
  if (on.slot) return CKR_OK;
  const auto found = sessions_.find(on.session);
  if (found == sessions_.end()) return CKR_SESSION_HANDLE_INVALID;
  if (!found->second.gone) return CKR_OK;
  switch (behaviour_.gone) {
    case MemoryBehaviour::Gone::kSessionHandleInvalid:
      return CKR_SESSION_HANDLE_INVALID;
    case MemoryBehaviour::Gone::kDeviceRemoved:
      return CKR_DEVICE_REMOVED;
    case MemoryBehaviour::Gone::kTokenNotPresent:
      return CKR_TOKEN_NOT_PRESENT;
  }
  return CKR_SESSION_HANDLE_INVALID;
}

CK_RV MemoryState::End(CK_RV rv, bool injected) {
  if (injected) this_action.injected.push_back(rv);
  call_.result = rv;
  call_.injected = injected;
  if (recording_) calls_.push_back(call_);
  return rv;
}

CK_SESSION_HANDLE MemoryState::OpenSession(CK_SLOT_ID slot, CK_FLAGS flags) {
  const CK_SESSION_HANDLE handle = next_session_++;
  MemorySession session;
  session.slot = slot;
  session.token = TokenIn(slot);
  session.flags = flags;
  sessions_.emplace(handle, std::move(session));
  return handle;
}

void MemoryState::CloseSession(CK_SESSION_HANDLE session) {
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) return;
  MemoryToken* const token = found->second.token;
  const bool gone = found->second.gone;
  sessions_.erase(found);
  std::erase_if(token->by_handle, [=](const auto& entry) { return entry.second->owner == session; });
  std::erase_if(token->objects, [=](const auto& object) { return object->owner == session; });
  const bool last = std::ranges::none_of(
      sessions_, [=](const auto& one) { return one.second.token == token && !one.second.gone; });
  if (last && !gone) EndLogin(*token);
}

void MemoryState::CloseAllSessions(CK_SLOT_ID slot) {
  std::vector<CK_SESSION_HANDLE> those;
  for (const auto& [handle, session] : sessions_) {
    if (session.slot == slot) those.push_back(handle);
  }
  for (const CK_SESSION_HANDLE handle : those) CloseSession(handle);
}

bool MemoryState::Sees(const MemorySession& session, CK_SESSION_HANDLE, const MemoryObject& object) const {
  return !object.Is(CKA_PRIVATE) || session.token->user == CKU_USER;
}

MemoryObject* MemoryState::ObjectOf(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle) {
  const auto& objects = SessionOf(session).token->by_handle;
  const auto found = objects.find(handle);
  return found == objects.end() ? nullptr : found->second;
}

MemoryObject& MemoryState::Store(MemoryToken& token, MemoryAttributes attributes,
                                 std::shared_ptr<EVP_PKEY> key, CK_SESSION_HANDLE owner) {
  auto object = std::make_unique<MemoryObject>();
  object->handle = next_object_++;
  object->attributes = std::move(attributes);
  object->key = std::move(key);
  object->owner = owner;
  token.by_handle[object->handle] = object.get();
  token.objects.push_back(std::move(object));
  return *token.objects.back();
}

void MemoryState::Destroy(MemoryToken& token, CK_OBJECT_HANDLE handle) {
  token.by_handle.erase(handle);
  std::erase_if(token.objects, [=](const auto& object) { return object->handle == handle; });
}

void MemoryState::Renumber(MemoryToken& token) {
  ++events_.renumberings;
  token.by_handle.clear();
  for (const auto& object : token.objects) {
    object->handle = next_object_++;
    token.by_handle[object->handle] = object.get();
  }
}

void MemoryState::EndLogin(MemoryToken& token) {
  if (token.user) ++events_.logouts;
  token.user.reset();
}

bool MemoryState::HasTokenOut() const {
  return std::ranges::any_of(
      tokens_, [&](const auto& token) { return std::ranges::find(slots_, token.get()) == slots_.end(); });
}

bool MemoryState::version_3() const {
  const std::lock_guard lock(mutex_);
  return behaviour_.version_3;
}

CK_RV MemoryState::CancelOperations(CK_SESSION_HANDLE session, CK_FLAGS flags) {
  constexpr CK_FLAGS kFindObjects = 0x40;  // CKF_FIND_OBJECTS, of 3.0
  const std::lock_guard lock(mutex_);
  if (!initialised_) return CKR_CRYPTOKI_NOT_INITIALIZED;
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) return CKR_SESSION_HANDLE_INVALID;
  if ((flags & CKF_SIGN) != 0) found->second.sign.reset();
  if ((flags & CKF_DECRYPT) != 0) found->second.decrypt.reset();
  if ((flags & kFindObjects) != 0) found->second.search.reset();
  return CKR_OK;
}

std::shared_ptr<EVP_PKEY> MemoryState::PooledKey(const char* type, const char* curve) {
  const std::string name(type);
  std::shared_ptr<EVP_PKEY>& key = keys_[curve == nullptr ? name : name + curve];
  if (key != nullptr) return key;
  EVP_PKEY* made = nullptr;
  if (name == "RSA") {
    made = EVP_PKEY_Q_keygen(library_.get(), nullptr, type, std::size_t{2048});
  } else if (name == "EC") {
    made = EVP_PKEY_Q_keygen(library_.get(), nullptr, type, curve);
  } else {
    made = EVP_PKEY_Q_keygen(library_.get(), nullptr, type);
  }
  if (made == nullptr) throw std::runtime_error("no such key");
  key = OpenSslPtr<EVP_PKEY>(made);
  return key;
}

void MemoryState::Clear() {
  const std::lock_guard lock(mutex_);
  SetInitialised(false);
  slots_.clear();
  tokens_.clear();
  returns_.clear();
  behaviour_ = {};
  fault_matches_.clear();
  disturbances_ = {.per_mille = 0};
  spent_ = 0;
  calls_.clear();
  counts_.fill(0);
}

std::size_t MemoryState::AddSlot() {
  const std::lock_guard lock(mutex_);
  slots_.push_back(nullptr);
  return slots_.size() - 1;
}

std::size_t MemoryState::MakeToken(const MemoryTokenOptions& options) {
  const std::lock_guard lock(mutex_);
  tokens_.push_back(std::make_unique<MemoryToken>());
  tokens_.back()->options = options;
  tokens_.back()->tries = tokens_.back()->so_tries = options.tries;
  return tokens_.size() - 1;
}

void MemoryState::AddObject(std::size_t token, const MemoryAttributes& attributes, const std::string& pkcs8) {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<EVP_PKEY> key;
  if (!pkcs8.empty()) {
    std::shared_ptr<EVP_PKEY>& known = keys_[pkcs8];
    if (known == nullptr) {
      const auto* position = reinterpret_cast<const unsigned char*>(pkcs8.data());
      const OpenSslPtr<PKCS8_PRIV_KEY_INFO> info(
          d2i_PKCS8_PRIV_KEY_INFO(nullptr, &position, static_cast<long>(pkcs8.size())));
      if (info == nullptr) throw std::runtime_error("not a PrivateKeyInfo");
      known = OpenSslPtr<EVP_PKEY>(EVP_PKCS82PKEY_ex(info.get(), library_.get(), nullptr));
      if (known == nullptr) throw std::runtime_error("a key that libcrypto does not know");
    }
    key = known;
  }
  Store(*tokens_.at(token), attributes, std::move(key), 0);
}

MemoryTokenOptions MemoryState::Options(std::size_t token) const {
  const std::lock_guard lock(mutex_);
  return tokens_.at(token)->options;
}

std::vector<MemoryStored> MemoryState::Stored(std::size_t token) const {
  const std::lock_guard lock(mutex_);
  std::vector<MemoryStored> stored;
  for (const auto& object : tokens_.at(token)->objects) {
    if (object->owner != 0) continue;
    stored.push_back({object->Number(CKA_CLASS, CKO_DATA), object->Bytes(CKA_ID), object->Bytes(CKA_LABEL)});
  }
  return stored;
}

void MemoryState::TakeOut(MemoryToken* token) {
  if (token == nullptr) return;
  for (MemoryToken*& slot : slots_) {
    if (slot == token) slot = nullptr;
  }
  std::erase_if(returns_, [=](const Return& one) { return one.token == token; });
  ++events_.removals;
  EndLogin(*token);
  for (auto& [handle, session] : sessions_) {
    if (session.token == token) session.gone = true;
  }
  std::erase_if(token->objects, [](const auto& object) { return object->owner != 0; });
  Renumber(*token);
}

void MemoryState::Place(MemoryToken* token, std::size_t slot) {
  TakeOut(token);
  TakeOut(slots_.at(slot));
  slots_[slot] = token;
}

void MemoryState::Insert(std::size_t token, std::size_t slot) {
  const std::lock_guard lock(mutex_);
  Place(tokens_.at(token).get(), slot);
}

void MemoryState::Remove(std::size_t token) {
  const std::lock_guard lock(mutex_);
  TakeOut(tokens_.at(token).get());
}

void MemoryState::Swap(std::size_t slot, std::size_t other) {
  const std::lock_guard lock(mutex_);
  MemoryToken* const one = slots_.at(slot);
  MemoryToken* const two = slots_.at(other);
  TakeOut(one);
  TakeOut(two);
  slots_[slot] = two;
  slots_[other] = one;
}

void MemoryState::LogOut(std::size_t token) {
  const std::lock_guard lock(mutex_);
  EndLogin(*tokens_.at(token));
}

void MemoryState::DropSessions() {
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < slots_.size(); ++i) CloseAllSessions(kFirstSlotId + i);
}

void MemoryState::LoseService(unsigned long code) {
  const std::lock_guard lock(mutex_);
  lost_service_ = code;
}

void MemoryState::FinaliseByOthers() {
  const std::lock_guard lock(mutex_);
  SetInitialised(false);
}

void MemoryState::SetFlags(std::size_t token, unsigned long flags) {
  const std::lock_guard lock(mutex_);
  tokens_.at(token)->flags_set = flags;
}

void MemoryState::SetPin(std::size_t token, const std::string& pin) {
  const std::lock_guard lock(mutex_);
  tokens_.at(token)->options.pin = pin;
}

void MemoryState::SetTries(std::size_t token, int tries) {
  const std::lock_guard lock(mutex_);
  tokens_.at(token)->tries = tries;
}

void MemoryState::BeginAction(std::uint64_t action) {
  const std::lock_guard lock(mutex_);
  this_action = {.number = action, .before = events_, .token_out = HasTokenOut()};
}

MemoryCauses MemoryState::Causes() const {
  const std::lock_guard lock(mutex_);
  const MemoryEvents& before = this_action.before;
  return {.injected = this_action.injected,
          .events = {.logouts = events_.logouts - before.logouts,
                     .removals = events_.removals - before.removals,
                     .renumberings = events_.renumberings - before.renumberings,
                     .finalisations = events_.finalisations - before.finalisations},
          .token_out = this_action.token_out};
}

void MemoryState::Record(bool on) {
  const std::lock_guard lock(mutex_);
  recording_ = on;
}

std::vector<MemoryCall> MemoryState::Calls() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

std::uint64_t MemoryState::Count(std::size_t function) const {
  const std::lock_guard lock(mutex_);
  return counts_.at(function);
}

void MemoryState::ResetCalls() {
  const std::lock_guard lock(mutex_);
  calls_.clear();
  counts_.fill(0);
}

}  // namespace signet::testing

#include "testing/module/overrides.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace signet::testing {
namespace {

// TemporaryVariable gives the process an environment variable for the length of one call.
class TemporaryVariable {
 public:
  TemporaryVariable(const char* name, const std::string& value) : name_(name), set_(!value.empty()) {
    if (!set_) return;
    if (const char* before = std::getenv(name)) before_ = before;
    setenv(name, value.c_str(), 1);
  }
  ~TemporaryVariable() {
    if (!set_) return;
    before_ ? setenv(name_, before_->c_str(), 1) : unsetenv(name_);
  }
  TemporaryVariable(const TemporaryVariable&) = delete;
  TemporaryVariable& operator=(const TemporaryVariable&) = delete;

 private:
  const char* name_;
  bool set_;
  std::optional<std::string> before_;
};

// GiveList follows PKCS#11's convention for lists: a null pointer asks for the size.
template <class T>
CK_RV GiveList(const std::vector<T>& items, T* list, CK_ULONG* count) {
  const CK_ULONG room = *count;
  *count = items.size();
  if (list == nullptr) return CKR_OK;
  if (room < items.size()) return CKR_BUFFER_TOO_SMALL;
  std::ranges::copy(items, list);
  return CKR_OK;
}

void SetPinFlags(Module& module, const ModuleBehaviour& behaviour, CK_TOKEN_INFO& info) {
  if (!behaviour.reader_pin.empty()) info.flags |= CKF_PROTECTED_AUTHENTICATION_PATH;
  if (behaviour.pin_tries == 0) return;
  const int wrong = module.shared().wrong_pins;
  if (wrong > 0) info.flags |= CKF_USER_PIN_COUNT_LOW;
  if (wrong == behaviour.pin_tries - 1) info.flags |= CKF_USER_PIN_FINAL_TRY;
  if (wrong >= behaviour.pin_tries) info.flags |= CKF_USER_PIN_LOCKED;
}

void SetLabel(ModuleBehaviour::Label how, CK_TOKEN_INFO& info) {
  if (how == ModuleBehaviour::Label::kAsIs) return;
  std::size_t end = sizeof(info.label);
  while (end > 0 && info.label[end - 1] == ' ') --end;
  const bool garbage = how == ModuleBehaviour::Label::kGarbageAfterNul;
  std::fill(info.label + end, info.label + sizeof(info.label), garbage ? 0xfe : 0);
  if (end < sizeof(info.label)) info.label[end] = 0;
}

void SetCounts(const ModuleBehaviour& behaviour, CK_TOKEN_INFO& info) {
  if (behaviour.max_sessions != 0 && !behaviour.hide_session_limit) {
    info.ulMaxSessionCount = behaviour.max_sessions;
    info.ulMaxRwSessionCount = behaviour.max_sessions;
  }
  if (!behaviour.unavailable_information) return;
  for (CK_ULONG* number : {&info.ulMaxSessionCount, &info.ulSessionCount, &info.ulMaxRwSessionCount,
                           &info.ulRwSessionCount, &info.ulTotalPublicMemory, &info.ulFreePublicMemory,
                           &info.ulTotalPrivateMemory, &info.ulFreePrivateMemory}) {
    *number = CK_UNAVAILABLE_INFORMATION;
  }
}

bool Contains(const std::vector<unsigned long>& values, CK_ULONG value) {
  return std::ranges::find(values, value) != values.end();
}

// TakeInitArgs checks pReserved and takes it away: SoftHSM wants none.
bool TakeInitArgs(const std::string& wanted, CK_C_INITIALIZE_ARGS* arguments) {
  if (wanted.empty()) return true;
  if (arguments == nullptr || arguments->pReserved == nullptr) return false;
  return wanted == static_cast<const char*>(std::exchange(arguments->pReserved, nullptr));
}

}  // namespace

CK_RV Initialize(Module& module, const Rules& rules, void* arguments) {
  auto* const wanted = static_cast<CK_C_INITIALIZE_ARGS*>(arguments);
  if (!TakeInitArgs(rules.behaviour.init_args, wanted)) return CKR_ARGUMENTS_BAD;
  const bool locks =
      wanted != nullptr && ((wanted->flags & CKF_OS_LOCKING_OK) != 0 || wanted->CreateMutex != nullptr);
  if (rules.behaviour.cant_lock && locks) return CKR_CANT_LOCK;
  const TemporaryVariable config("SOFTHSM2_CONF", rules.file.softhsm_config);
  if (rules.behaviour.strict_fork && !module.InitialisedInThisProcess()) module.real().C_Finalize(nullptr);
  const CK_RV result = module.real().C_Initialize(arguments);
  if (result == CKR_OK || result == CKR_CRYPTOKI_ALREADY_INITIALIZED) module.Initialised();
  return result;
}

CK_RV Finalize(Module& module, const Rules&, void* reserved) {
  const CK_RV result = module.real().C_Finalize(reserved);
  if (result == CKR_OK) module.Finalised();
  return result;
}

CK_RV GetSlotList(Module& module, const Rules& rules, CK_BBOOL present, CK_SLOT_ID* slots, CK_ULONG* count) {
  if (rules.behaviour.removed.empty() || present == CK_FALSE || count == nullptr) {
    return module.real().C_GetSlotList(present, slots, count);
  }
  CK_ULONG size = 0;
  CK_RV result = module.real().C_GetSlotList(present, nullptr, &size);
  std::vector<CK_SLOT_ID> all(size);
  if (result == CKR_OK) result = module.real().C_GetSlotList(present, all.data(), &size);
  if (result != CKR_OK) return result;
  std::erase_if(all, [&](CK_SLOT_ID slot) { return module.Removed(rules, slot); });
  return GiveList(all, slots, count);
}

CK_RV GetSlotInfo(Module& module, const Rules& rules, CK_SLOT_ID slot, CK_SLOT_INFO* info) {
  const CK_RV result = module.real().C_GetSlotInfo(slot, info);
  if (result == CKR_OK && module.Removed(rules, slot)) info->flags &= ~CK_FLAGS{CKF_TOKEN_PRESENT};
  return result;
}

CK_RV GetTokenInfo(Module& module, const Rules& rules, CK_SLOT_ID slot, CK_TOKEN_INFO* info) {
  if (module.Removed(rules, slot)) return CKR_TOKEN_NOT_PRESENT;
  const CK_RV result = module.real().C_GetTokenInfo(slot, info);
  if (result != CKR_OK) return result;
  const ModuleBehaviour& behaviour = rules.behaviour;
  SetPinFlags(module, behaviour, *info);
  info->flags = (info->flags | behaviour.token_flags_set) & ~behaviour.token_flags_clear;
  SetLabel(behaviour.label, *info);
  SetCounts(behaviour, *info);
  if (!behaviour.serial.empty()) {
    std::memset(info->serialNumber, ' ', sizeof(info->serialNumber));
    std::memcpy(info->serialNumber, behaviour.serial.data(),
                std::min(behaviour.serial.size(), sizeof(info->serialNumber)));
  }
  return result;
}

CK_RV GetMechanismList(Module& module, const Rules& rules, CK_SLOT_ID slot, CK_MECHANISM_TYPE* list,
                       CK_ULONG* count) {
  if (module.Removed(rules, slot)) return CKR_TOKEN_NOT_PRESENT;
  const bool as_is = rules.behaviour.hidden_mechanisms.empty() && !rules.behaviour.ecdsa_hashes;
  if (as_is || count == nullptr) {
    return module.real().C_GetMechanismList(slot, list, count);
  }
  CK_ULONG size = 0;
  CK_RV result = module.real().C_GetMechanismList(slot, nullptr, &size);
  std::vector<CK_MECHANISM_TYPE> all(size);
  if (result == CKR_OK) result = module.real().C_GetMechanismList(slot, all.data(), &size);
  if (result != CKR_OK) return result;
  if (rules.behaviour.ecdsa_hashes) {
    for (const EcdsaHash& row : kEcdsaHashes) {
      if (!Contains(all, row.mechanism)) all.push_back(row.mechanism);
    }
  }
  std::erase_if(all,
                [&](CK_MECHANISM_TYPE type) { return Contains(rules.behaviour.hidden_mechanisms, type); });
  return GiveList(all, list, count);
}

CK_RV GetMechanismInfo(Module& module, const Rules& rules, CK_SLOT_ID slot, CK_MECHANISM_TYPE type,
                       CK_MECHANISM_INFO* info) {
  if (module.Removed(rules, slot)) return CKR_TOKEN_NOT_PRESENT;
  if (Contains(rules.behaviour.hidden_mechanisms, type)) return CKR_MECHANISM_INVALID;
  return module.real().C_GetMechanismInfo(slot, type, info);
}

CK_RV OpenSession(Module& module, const Rules& rules, CK_SLOT_ID slot, CK_FLAGS flags, void* application,
                  CK_NOTIFY notify, CK_SESSION_HANDLE* session) {
  if (module.Removed(rules, slot)) return CKR_TOKEN_NOT_PRESENT;
  if (rules.behaviour.max_sessions == 0) {
    const CK_RV result = module.real().C_OpenSession(slot, flags, application, notify, session);
    if (result == CKR_OK) module.Opened(*session, slot);
    return result;
  }
  // Two threads that open at once must not both find the last place free.
  static std::mutex one_at_a_time;
  const std::scoped_lock lock(one_at_a_time);
  if (module.Count(slot) >= rules.behaviour.max_sessions) return CKR_SESSION_COUNT;
  const CK_RV result = module.real().C_OpenSession(slot, flags, application, notify, session);
  if (result == CKR_OK) module.Opened(*session, slot);
  return result;
}

CK_RV CloseSession(Module& module, const Rules&, CK_SESSION_HANDLE session) {
  const CK_RV result = module.real().C_CloseSession(session);
  if (result == CKR_OK) module.Closed(session);
  return result;
}

CK_RV CloseAllSessions(Module& module, const Rules&, CK_SLOT_ID slot) {
  const CK_RV result = module.real().C_CloseAllSessions(slot);
  if (result == CKR_OK) module.ClosedAll(slot);
  return result;
}

}  // namespace signet::testing

// Slots, tokens, sessions and logins.
#include "testing/memory_token/entries.h"
#include "testing/memory_token/state.h"

#include <algorithm>
#include <cstring>

namespace signet::testing {
namespace {

constexpr CK_MECHANISM_TYPE kMechanisms[] = {CKM_RSA_PKCS,        CKM_RSA_X_509,
                                             CKM_RSA_PKCS_PSS,    CKM_RSA_PKCS_OAEP,
                                             CKM_ECDSA,           CKM_ECDH1_DERIVE,
                                             CKM_EDDSA,           CKM_RSA_PKCS_KEY_PAIR_GEN,
                                             CKM_EC_KEY_PAIR_GEN, CKM_EC_EDWARDS_KEY_PAIR_GEN};

MemoryState& State() { return MemoryState::Get(); }

template <std::size_t N>
void Pad(unsigned char (&field)[N], const std::string& text, bool nul = false) {
  std::memset(field, nul ? 0 : ' ', N);
  std::memcpy(field, text.data(), std::min(N, text.size()));
}

CK_RV Initialize(void*) {
  return State().Call(kC_Initialize, {}, [] {
    if (State().initialised()) return CKR_CRYPTOKI_ALREADY_INITIALIZED;
    State().SetInitialised(true);
    return CKR_OK;
  });
}

CK_RV Finalize(void*) {
  return State().Call(kC_Finalize, {}, [] {
    State().SetInitialised(false);
    return CKR_OK;
  });
}

CK_RV GetInfo(CK_INFO* info) {
  return State().Call(kC_GetInfo, {}, [=] {
    *info = {};
    if (State().behaviour().version_3) {
      info->cryptokiVersion = {3, 0};
    } else {
      info->cryptokiVersion = {2, 40};
    }
    Pad(info->manufacturerID, "Signet");
    Pad(info->libraryDescription, "in-memory token");
    return CKR_OK;
  });
}

template <class T>
CK_RV GiveList(const std::vector<T>& values, T* list, CK_ULONG* count) {
  const CK_ULONG room = *count;
  *count = values.size();
  if (list == nullptr) {
    if (State().behaviour().long_sizes) *count += 3;
    return CKR_OK;
  }
  if (room < values.size()) return CKR_BUFFER_TOO_SMALL;
  std::ranges::copy(values, list);
  return CKR_OK;
}

CK_RV GetSlotList(CK_BBOOL present, CK_SLOT_ID* list, CK_ULONG* count) {
  return State().Call(kC_GetSlotList, {}, [=] {
    std::vector<CK_SLOT_ID> ids;
    for (std::size_t i = 0; i < State().slots().size(); ++i) {
      if (!State().lost_service() && (!present || State().slots()[i] != nullptr))
        ids.push_back(kFirstSlotId + i);
    }
    return GiveList(ids, list, count);
  });
}

CK_RV GetSlotInfo(CK_SLOT_ID slot, CK_SLOT_INFO* info) {
  return State().Call(kC_GetSlotInfo, {.slot = slot}, [=] {
    *info = {};
    Pad(info->slotDescription, "memory slot " + std::to_string(slot));
    Pad(info->manufacturerID, "Signet");
    info->flags = CKF_REMOVABLE_DEVICE | (State().TokenIn(slot) != nullptr ? CKF_TOKEN_PRESENT : 0);
    return CKR_OK;
  });
}

CK_RV GetTokenInfo(CK_SLOT_ID slot, CK_TOKEN_INFO* info) {
  return State().Call(kC_GetTokenInfo, {.slot = slot}, [=]() -> CK_RV {
    const MemoryToken* const token = State().TokenIn(slot);
    if (token == nullptr) return CKR_TOKEN_NOT_PRESENT;
    const bool nul = State().behaviour().nul_padding;
    *info = {};
    Pad(info->label, token->options.label, nul);
    Pad(info->manufacturerID, token->options.manufacturer, nul);
    Pad(info->model, token->options.model, nul);
    Pad(info->serialNumber, token->options.serial, nul);
    info->flags = token->Flags();
    State().Told(*token, info->flags);
    const CK_ULONG most = State().behaviour().max_sessions;
    info->ulMaxSessionCount = most == 0 ? CK_EFFECTIVELY_INFINITE : most;
    info->ulMaxRwSessionCount = info->ulMaxSessionCount;
    info->ulSessionCount = CK_UNAVAILABLE_INFORMATION;
    info->ulRwSessionCount = CK_UNAVAILABLE_INFORMATION;
    info->ulMaxPinLen = 64;
    info->ulMinPinLen = token->options.min_pin_length;
    info->ulTotalPublicMemory = info->ulFreePublicMemory = CK_UNAVAILABLE_INFORMATION;
    info->ulTotalPrivateMemory = info->ulFreePrivateMemory = CK_UNAVAILABLE_INFORMATION;
    return CKR_OK;
  });
}

std::vector<CK_MECHANISM_TYPE> Mechanisms() {
  std::vector<CK_MECHANISM_TYPE> mechanisms;
  const auto& hidden = State().behaviour().hidden_mechanisms;
  for (const CK_MECHANISM_TYPE one : kMechanisms) {
    if (std::ranges::find(hidden, one) == hidden.end()) mechanisms.push_back(one);
  }
  return mechanisms;
}

CK_RV GetMechanismList(CK_SLOT_ID slot, CK_MECHANISM_TYPE* list, CK_ULONG* count) {
  return State().Call(kC_GetMechanismList, {.slot = slot}, [=]() -> CK_RV {
    if (State().TokenIn(slot) == nullptr) return CKR_TOKEN_NOT_PRESENT;
    return GiveList(Mechanisms(), list, count);
  });
}

CK_RV GetMechanismInfo(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO* info) {
  return State().Call(kC_GetMechanismInfo, {.slot = slot}, [=]() -> CK_RV {
    if (State().TokenIn(slot) == nullptr) return CKR_TOKEN_NOT_PRESENT;
    const auto known = Mechanisms();
    if (std::ranges::find(known, type) == known.end()) return CKR_MECHANISM_INVALID;
    *info = {256, 4096, CKF_SIGN | CKF_DECRYPT | CKF_DERIVE | CKF_GENERATE_KEY_PAIR};
    return CKR_OK;
  });
}

// TryPin counts a try as a token does.
CK_RV TryPin(const std::string& sent, const std::string& right, int& tries, int most) {
  if (tries <= 0) return CKR_PIN_LOCKED;
  if (sent != right) {
    --tries;
    return tries <= 0 ? CKR_PIN_LOCKED : CKR_PIN_INCORRECT;
  }
  tries = most;
  return CKR_OK;
}

CK_RV TryPinOf(MemoryToken& token, bool officer, const std::string& sent) {
  const MemoryTokenOptions& options = token.options;
  return officer ? TryPin(sent, options.so_pin, token.so_tries, options.tries)
                 : TryPin(sent, options.pin, token.tries, options.tries);
}

CK_RV InitToken(CK_SLOT_ID slot, CK_BYTE* pin, CK_ULONG size, CK_BYTE* label) {
  const std::string so_pin(reinterpret_cast<char*>(pin), pin != nullptr ? size : 0);
  const CallOn on{.slot = slot, .user_type = CKU_SO, .pin = &so_pin};
  return State().Call(kC_InitToken, on, [&]() -> CK_RV {
    MemoryToken* const token = State().TokenIn(slot);
    if (token == nullptr) return CKR_TOKEN_NOT_PRESENT;
    for (const auto& [handle, session] : State().sessions()) {
      if (session.token == token && !session.gone) return CKR_SESSION_EXISTS;
    }
    if (token->options.initialised) {
      const CK_RV rv = TryPinOf(*token, true, so_pin);
      if (rv != CKR_OK) return rv;
    }
    token->options.so_pin = so_pin;
    token->options.pin.clear();
    token->options.label.assign(reinterpret_cast<char*>(label), 32);
    token->options.label.erase(token->options.label.find_last_not_of(' ') + 1);
    token->options.initialised = true;
    token->tries = token->so_tries = token->options.tries;
    token->objects.clear();
    token->by_handle.clear();
    return CKR_OK;
  });
}

CK_RV InitPin(CK_SESSION_HANDLE session, CK_BYTE* pin, CK_ULONG size) {
  return State().Call(kC_InitPIN, {.session = session}, [=]() -> CK_RV {
    MemoryToken& token = *State().SessionOf(session).token;
    if (token.user != CKU_SO) return CKR_USER_NOT_LOGGED_IN;
    if (size < token.options.min_pin_length) return CKR_PIN_LEN_RANGE;
    token.options.pin.assign(reinterpret_cast<char*>(pin), size);
    token.tries = token.options.tries;
    return CKR_OK;
  });
}

CK_RV SetPin(CK_SESSION_HANDLE session, CK_BYTE* old, CK_ULONG old_size, CK_BYTE* pin, CK_ULONG size) {
  const std::string sent(reinterpret_cast<char*>(old), old != nullptr ? old_size : 0);
  return State().Call(kC_SetPIN, {.session = session, .pin = &sent}, [&]() -> CK_RV {
    const MemorySession& on = State().SessionOf(session);
    if ((on.flags & CKF_RW_SESSION) == 0) return CKR_SESSION_READ_ONLY;
    MemoryToken& token = *on.token;
    const bool officer = token.user == CKU_SO;
    if (const CK_RV rv = TryPinOf(token, officer, sent); rv != CKR_OK) return rv;
    if (size < token.options.min_pin_length) return CKR_PIN_LEN_RANGE;
    (officer ? token.options.so_pin : token.options.pin).assign(reinterpret_cast<char*>(pin), size);
    return CKR_OK;
  });
}

CK_RV OpenSession(CK_SLOT_ID slot, CK_FLAGS flags, void*, CK_NOTIFY, CK_SESSION_HANDLE* handle) {
  return State().Call(kC_OpenSession, {.slot = slot}, [=]() -> CK_RV {
    const MemoryToken* const token = State().TokenIn(slot);
    if (token == nullptr) return CKR_TOKEN_NOT_PRESENT;
    if ((flags & CKF_SERIAL_SESSION) == 0) return CKR_SESSION_PARALLEL_NOT_SUPPORTED;
    const bool writes = (flags & CKF_RW_SESSION) != 0;
    const MemoryBehaviour& behaviour = State().behaviour();
    if (!writes && (behaviour.refuse_read_only || token->user == CKU_SO))
      return CKR_SESSION_READ_WRITE_SO_EXISTS;
    if (writes && behaviour.refuse_read_write) return CKR_TOKEN_WRITE_PROTECTED;
    const auto open = std::ranges::count_if(
        State().sessions(), [=](const auto& one) { return one.second.token == token && !one.second.gone; });
    if (behaviour.max_sessions != 0 && static_cast<CK_ULONG>(open) >= behaviour.max_sessions)
      return CKR_SESSION_COUNT;
    *handle = State().OpenSession(slot, flags);
    State().call().session = *handle;
    return CKR_OK;
  });
}

CK_RV CloseSession(CK_SESSION_HANDLE session) {
  return State().Call(kC_CloseSession, {.session = session}, [=] {
    State().CloseSession(session);
    return CKR_OK;
  });
}

CK_RV CloseAllSessions(CK_SLOT_ID slot) {
  return State().Call(kC_CloseAllSessions, {.slot = slot}, [=] {
    State().CloseAllSessions(slot);
    return CKR_OK;
  });
}

CK_RV GetSessionInfo(CK_SESSION_HANDLE session, CK_SESSION_INFO* info) {
  return State().Call(kC_GetSessionInfo, {.session = session}, [=] {
    const MemorySession& on = State().SessionOf(session);
    const bool writes = (on.flags & CKF_RW_SESSION) != 0;
    CK_STATE state = writes ? CKS_RW_PUBLIC_SESSION : CKS_RO_PUBLIC_SESSION;
    if (on.token->user == CKU_USER) state = writes ? CKS_RW_USER_FUNCTIONS : CKS_RO_USER_FUNCTIONS;
    if (on.token->user == CKU_SO) state = CKS_RW_SO_FUNCTIONS;
    *info = {on.slot, state, on.flags, 0};
    return CKR_OK;
  });
}

CK_RV LoginAs(MemorySession& on, CK_USER_TYPE type, const std::string& pin) {
  MemoryToken& token = *on.token;
  if (type == CKU_CONTEXT_SPECIFIC) {
    MemoryOperation* const operation = on.sign ? &*on.sign : on.decrypt ? &*on.decrypt : nullptr;
    if (operation == nullptr || !operation->context_login_due) return CKR_OPERATION_NOT_INITIALIZED;
    const CK_RV rv = TryPinOf(token, false, pin);
    if (rv == CKR_OK) operation->context_login_due = false;
    return rv;
  }
  if (type != CKU_USER && type != CKU_SO) return CKR_USER_TYPE_INVALID;
  if (token.user == type) return CKR_USER_ALREADY_LOGGED_IN;
  if (token.user) return CKR_USER_ANOTHER_ALREADY_LOGGED_IN;
  if (type == CKU_SO) {
    const bool read_only = std::ranges::any_of(State().sessions(), [&](const auto& one) {
      return one.second.token == &token && (one.second.flags & CKF_RW_SESSION) == 0;
    });
    if (read_only) return CKR_SESSION_READ_ONLY_EXISTS;
  } else if (token.options.pin.empty() && token.options.min_pin_length != 0) {
    return CKR_USER_PIN_NOT_INITIALIZED;
  }
  const CK_RV rv = TryPinOf(token, type == CKU_SO, pin);
  if (rv == CKR_OK) token.user = type;
  return rv;
}

CK_RV Login(CK_SESSION_HANDLE session, CK_USER_TYPE type, CK_BYTE* pin, CK_ULONG size) {
  // The record has the PIN regardless of the call's result.
  const std::string sent = pin == nullptr ? std::string() : std::string(reinterpret_cast<char*>(pin), size);
  return State().Call(kC_Login, {.session = session, .user_type = type, .pin = &sent},
                      [&] { return LoginAs(State().SessionOf(session), type, sent); });
}

CK_RV Logout(CK_SESSION_HANDLE session) {
  return State().Call(kC_Logout, {.session = session}, [=]() -> CK_RV {
    MemoryToken& token = *State().SessionOf(session).token;
    if (!token.user) return CKR_USER_NOT_LOGGED_IN;
    token.user.reset();
    return CKR_OK;
  });
}

}  // namespace

void FillTokenFunctions(CK_FUNCTION_LIST& list) {
  list.C_Initialize = &Initialize;
  list.C_Finalize = &Finalize;
  list.C_GetInfo = &GetInfo;
  list.C_GetSlotList = &GetSlotList;
  list.C_GetSlotInfo = &GetSlotInfo;
  list.C_GetTokenInfo = &GetTokenInfo;
  list.C_GetMechanismList = &GetMechanismList;
  list.C_GetMechanismInfo = &GetMechanismInfo;
  list.C_InitToken = &InitToken;
  list.C_InitPIN = &InitPin;
  list.C_SetPIN = &SetPin;
  list.C_OpenSession = &OpenSession;
  list.C_CloseSession = &CloseSession;
  list.C_CloseAllSessions = &CloseAllSessions;
  list.C_GetSessionInfo = &GetSessionInfo;
  list.C_Login = &Login;
  list.C_Logout = &Logout;
}

}  // namespace signet::testing

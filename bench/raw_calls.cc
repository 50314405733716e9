#include "raw_calls.h"

#include <array>
#include <stdexcept>

#include <dlfcn.h>
#include <fmt/format.h>

namespace signet::bench {
namespace {

void Check(CK_RV rv, const char* call) {
  if (rv != CKR_OK) throw std::runtime_error(fmt::format("{} gives {:#x}", call, rv));
}

}  // namespace

RawModule::RawModule(const std::string& path) {
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw std::runtime_error(dlerror());
  const auto get = reinterpret_cast<CK_C_GetFunctionList>(dlsym(library, "C_GetFunctionList"));
  if (get == nullptr) throw std::runtime_error(path + " is no PKCS#11 module");
  Check(get(&functions_), "C_GetFunctionList");
  CK_C_INITIALIZE_ARGS arguments{};
  arguments.flags = CKF_OS_LOCKING_OK;
  Check(functions_->C_Initialize(&arguments), "C_Initialize");
}

void RawModule::LogIn(std::string_view pin) {
  std::array<CK_SLOT_ID, 16> slots;
  CK_ULONG count = slots.size();
  Check(functions_->C_GetSlotList(CK_TRUE, slots.data(), &count), "C_GetSlotList");
  if (count == 0) throw std::runtime_error("there is no token");
  slot_ = slots[0];
  session_ = OpenSession();
  std::string bytes(pin);
  Check(functions_->C_Login(session_, CKU_USER, reinterpret_cast<CK_BYTE*>(bytes.data()), bytes.size()),
        "C_Login");
}

CK_SESSION_HANDLE RawModule::OpenSession(bool read_write) const {
  CK_SESSION_HANDLE session = 0;
  const CK_FLAGS flags = CKF_SERIAL_SESSION | (read_write ? CKF_RW_SESSION : 0);
  Check(functions_->C_OpenSession(slot_, flags, nullptr, nullptr, &session), "C_OpenSession");
  return session;
}

CK_OBJECT_HANDLE RawModule::FindPrivateKey(std::string_view id) const {
  CK_OBJECT_CLASS object_class = CKO_PRIVATE_KEY;
  CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &object_class, sizeof object_class},
                           {CKA_ID, const_cast<char*>(id.data()), id.size()}};
  CK_OBJECT_HANDLE key = 0;
  CK_ULONG count = 0;
  Check(functions_->C_FindObjectsInit(session_, wanted, 2), "C_FindObjectsInit");
  Check(functions_->C_FindObjects(session_, &key, 1, &count), "C_FindObjects");
  Check(functions_->C_FindObjectsFinal(session_), "C_FindObjectsFinal");
  if (count != 1) throw std::runtime_error("the key is not in the token");
  return key;
}

void RawSigner::Sign(std::span<const std::uint8_t> digest) {
  CK_MECHANISM mechanism{CKM_ECDSA, nullptr, 0};
  std::array<CK_BYTE, 128> signature;
  CK_ULONG size = signature.size();
  Check(functions_.C_SignInit(session_, &mechanism, key_), "C_SignInit");
  Check(functions_.C_Sign(session_, const_cast<CK_BYTE*>(digest.data()), digest.size(), signature.data(),
                          &size),
        "C_Sign");
}

}  // namespace signet::bench

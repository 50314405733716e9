// What PKCS#11 3.0 adds: interfaces, and functions of which C_SessionCancel works.
#include "testing/memory_token/entries.h"
#include "testing/memory_token/state.h"
#include "testing/module/absent_functions.h"

#include <array>
#include <cstring>

namespace signet::testing {
namespace {

// p11-kit's header has these since 0.25, by names that differ.
struct Interface {
  const char* name;
  void* list;
  CK_FLAGS flags;
};
using AnyFunction = void (*)();
// FunctionList3 is CK_FUNCTION_LIST_3_0: the functions that it adds, in its order.
struct FunctionList3 {
  CK_FUNCTION_LIST list;
  std::array<AnyFunction, 24> added;
};
enum Added { kGetInterfaceList, kGetInterface, kLoginUser, kSessionCancel };

constexpr char kName[] = "PKCS 11";

CK_RV SessionCancel(CK_SESSION_HANDLE session, CK_FLAGS flags) {
  return MemoryState::Get().CancelOperations(session, flags);
}

FunctionList3& List3();

std::array<Interface, 2>& Interfaces() {
  static std::array<Interface, 2> interfaces{Interface{kName, &List3(), 0},
                                             Interface{kName, &MemoryFunctions(), 0}};
  return interfaces;
}

CK_RV GetInterfaceList(Interface* list, CK_ULONG* count) {
  if (!MemoryState::Get().version_3()) return CKR_FUNCTION_NOT_SUPPORTED;
  const CK_ULONG room = *count;
  *count = Interfaces().size();
  if (list == nullptr) return CKR_OK;
  if (room < *count) return CKR_BUFFER_TOO_SMALL;
  std::copy(Interfaces().begin(), Interfaces().end(), list);
  return CKR_OK;
}

CK_RV GetInterface(const unsigned char* name, const CK_VERSION* version, Interface** found, CK_FLAGS flags) {
  if (!MemoryState::Get().version_3()) return CKR_FUNCTION_NOT_SUPPORTED;
  const bool known = name == nullptr || std::strcmp(reinterpret_cast<const char*>(name), kName) == 0;
  if (!known || flags != 0) return CKR_FUNCTION_FAILED;
  for (Interface& interface : Interfaces()) {
    const auto* has = static_cast<const CK_VERSION*>(interface.list);
    if (version != nullptr && (has->major != version->major || has->minor != version->minor)) continue;
    *found = &interface;
    return CKR_OK;
  }
  return CKR_FUNCTION_FAILED;
}

FunctionList3& List3() {
  static FunctionList3 list = [] {
    FunctionList3 made{.list = MemoryFunctions(), .added = {}};
    made.list.version = {3, 0};
    made.added.fill(reinterpret_cast<AnyFunction>(&AbsentFunction<>));
    made.added[kGetInterfaceList] = reinterpret_cast<AnyFunction>(&GetInterfaceList);
    made.added[kGetInterface] = reinterpret_cast<AnyFunction>(&GetInterface);
    made.added[kSessionCancel] = reinterpret_cast<AnyFunction>(&SessionCancel);
    return made;
  }();
  return list;
}

}  // namespace
}  // namespace signet::testing

// Named so, as headers of p11-kit since 0.25 declare them with types of their own.
extern "C" __attribute__((visibility("default"))) CK_RV signet_testing_get_interface(
    const unsigned char* name, const CK_VERSION* version, void** found,
    CK_FLAGS flags) __asm__("C_GetInterface");
extern "C" CK_RV signet_testing_get_interface(const unsigned char* name, const CK_VERSION* version,
                                              void** found, CK_FLAGS flags) {
  return signet::testing::GetInterface(name, version, reinterpret_cast<signet::testing::Interface**>(found),
                                       flags);
}
extern "C" __attribute__((visibility("default"))) CK_RV signet_testing_get_interface_list(
    void* list, CK_ULONG* count) __asm__("C_GetInterfaceList");
extern "C" CK_RV signet_testing_get_interface_list(void* list, CK_ULONG* count) {
  return signet::testing::GetInterfaceList(static_cast<signet::testing::Interface*>(list), count);
}

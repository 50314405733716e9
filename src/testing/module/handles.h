#pragma once

#include "testing/module/module.h"

namespace signet::testing {

// Outside and Inside move an object handle between the real module and the program, by the shift in force. A
// handle that was given out under another shift becomes one that no object has.
inline CK_OBJECT_HANDLE Outside(const Rules& rules, CK_OBJECT_HANDLE real) {
  return real + (CK_OBJECT_HANDLE{rules.behaviour.handle_shift} << 20);
}
inline CK_OBJECT_HANDLE Inside(const Rules& rules, CK_OBJECT_HANDLE given) {
  constexpr CK_OBJECT_HANDLE kNoObject = ~CK_OBJECT_HANDLE{0} >> 1;
  return given >> 20 == rules.behaviour.handle_shift ? given & 0xfffff : kNoObject;
}

}  // namespace signet::testing

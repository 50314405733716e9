#pragma once

#include <signet/error.h>

#include <exception>
#include <string>
#include <type_traits>

namespace signet::inline base {

// GuardApplication runs code of the program's: its Errors come as they are, what else it throws as Error
// kApplication with its what(), naming `call`.
template <class Work>
std::invoke_result_t<Work> GuardApplication(const char* call, const Work& work) {
  try {
    return work();
  } catch (const Error&) {
    throw;
  } catch (const std::exception& thrown) {
    throw Error({.code = ErrorCode::kApplication, .detail = thrown.what(), .call = call});
  } catch (...) {
    throw Error({.code = ErrorCode::kApplication, .detail = "an exception of an unknown type", .call = call});
  }
}

}  // namespace signet::inline base

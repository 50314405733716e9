#pragma once

#include <signet/error.h>

#include <functional>

#include <gtest/gtest.h>

namespace signet {

// ErrorOf gives the Error that `work` throws; the test fails if it throws none.
inline Error ErrorOf(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return Error({});
}

}  // namespace signet

#pragma once

#include <chrono>
#include <functional>

namespace signet::bench {

// RateOf runs `work(thread)` repeatedly on this number of threads, for about `time`, and returns how often
// per second it was done in all. The first exception of a thread is thrown on.
double RateOf(int threads, std::chrono::milliseconds time, const std::function<void(int)>& work);

}  // namespace signet::bench

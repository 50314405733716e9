#include "rates.h"

#include <atomic>
#include <exception>
#include <latch>
#include <mutex>
#include <thread>
#include <vector>

namespace signet::bench {

double RateOf(int threads, std::chrono::milliseconds time, const std::function<void(int)>& work) {
  std::atomic<bool> stop{false};
  std::atomic<long> done{0};
  std::latch ready(threads + 1);
  std::mutex mutex;
  std::exception_ptr failure;
  const auto run = [&](int thread) {
    long count = 0;
    ready.arrive_and_wait();
    try {
      for (; !stop.load(std::memory_order_relaxed); ++count) work(thread);
    } catch (...) {
      const std::lock_guard lock(mutex);
      failure = std::current_exception();
    }
    done += count;
  };
  std::chrono::steady_clock::time_point begin;
  {
    std::vector<std::jthread> pool;
    for (int i = 0; i < threads; ++i) pool.emplace_back(run, i);
    ready.arrive_and_wait();
    begin = std::chrono::steady_clock::now();
    std::this_thread::sleep_for(time);
    stop = true;
  }
  // What was in progress when the time was over was waited for, and is counted.
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  if (failure != nullptr) std::rethrow_exception(failure);
  return static_cast<double>(done) / took.count();
}

}  // namespace signet::bench

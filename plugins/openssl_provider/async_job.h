#pragma once

#include <signet/private_key.h>

#include <atomic>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace signet::provider {

// CanPause tells whether the caller runs inside an OpenSSL async job (SSL_MODE_ASYNC, ASYNC_start_job) that
// is better paused than kept waiting for `key`.
bool CanPause(const PrivateKey& key) noexcept;

// PausedWork is what a worker does for a paused job.
class PausedWork {
 public:
  virtual ~PausedWork() = default;
  // Do works and keeps what resulted; throws nothing.
  virtual void Do() noexcept = 0;
  // Fresh gives the same work, not done yet.
  virtual std::shared_ptr<PausedWork> Fresh() const = 0;
};

// PauseFor has `work` done by a worker of `key`, pauses the job until then, once at least, and gives it back.
// The job's wait context has a descriptor that becomes readable then, and owns the work meanwhile, not the
// job's stack: an SSL may be freed while it is paused.
std::shared_ptr<PausedWork> PauseFor(PrivateKey& key, std::shared_ptr<PausedWork> work);

// RunPaused does `call` while the job is paused, and returns or throws what it does. `call` is const, and
// owns copies of all that it touches. Only where CanPause.
template <class Call>
auto RunPaused(PrivateKey& key, Call call) {
  using Result = std::invoke_result_t<const Call&>;
  struct Work final : PausedWork {
    explicit Work(Call made) : call(std::move(made)) {}
    void Do() noexcept override {
      try {
        result.emplace(std::as_const(call)());
      } catch (...) {
        failure = std::current_exception();
      }
    }
    std::shared_ptr<PausedWork> Fresh() const override { return std::make_shared<Work>(call); }
    Call call;
    std::optional<Result> result;
    std::exception_ptr failure;
  };
  const auto done = PauseFor(key, std::make_shared<Work>(std::move(call)));
  auto& work = static_cast<Work&>(*done);
  if (work.failure) std::rethrow_exception(work.failure);
  return *std::move(work.result);
}

// RunPausable is RunPaused where CanPause, and just `call()` elsewhere.
template <class Call>
auto RunPausable(PrivateKey& key, Call call) {
  return CanPause(key) ? RunPaused(key, std::move(call)) : std::as_const(call)();
}

}  // namespace signet::provider

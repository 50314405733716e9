#pragma once

#include "base/mutex.h"
#include "pkcs11/module/call_log.h"
#include "pkcs11/module/cryptoki.h"
#include "pkcs11/module/ladder.h"
#include "pkcs11/module/module_view.h"
#include "process/call_watch.h"
#include "process/exit_handler.h"
#include <signet/error.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace signet::inline pkcs11 {

// Module is a PKCS#11 module as one source has it, with the source's call log; the initialisation is that of
// the process's ModuleView. Thread-safe.
class Module {
 public:
  // Load opens `path`; throws Error kModuleTrouble. `init_args` is what C_Initialize passes on, or empty.
  static std::shared_ptr<Module> Load(const std::string& path, const std::string& init_args,
                                      std::shared_ptr<CallLog> log);
  // LoadConfigured opens all modules that p11-kit has configured.
  static std::vector<std::shared_ptr<Module>> LoadConfigured(const std::string& init_args,
                                                             const std::shared_ptr<CallLog>& log);
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  // name is p11-kit's for a configured module, else the file's: "libsofthsm2".
  const std::string& name() const noexcept { return name_; }
  const std::string& path() const noexcept { return path_; }
  // holds_trust tells whether p11-kit uses the module as a store of trust anchors only.
  bool holds_trust() const noexcept { return holds_trust_; }
  // Answers tells whether `path` or `name`, as in a URI's module-path and module-name, means this module.
  bool IsAt(const std::string& path) const;
  bool IsNamed(const std::string& name) const;

  // EnsureReady initialises the module in this process; throws Error kModuleTrouble. Costs two loads when it
  // is.
  void EnsureReady() { view_->EnsureReady(Caller()); }
  // initialisation is a number that changes with each of our calls of C_Initialize.
  std::uint64_t initialisation() { return view_->state().initialisation.load(std::memory_order_acquire); }
  // Renew finalises and initialises our view of a module that fails without saying why, as one does whose
  // daemon was restarted, with pauses that grow while that does not help; false if it is too early. `seen`
  // is what initialisation() was before the call that failed, so that of many threads one acts.
  bool Renew(std::uint64_t seen);
  // RenewAfter does what `error` asks for: Renew, or without a pause where the module says that it is not
  // initialised. False if nothing was renewed.
  bool RenewAfter(const Error& error, std::uint64_t seen);
  // Explained adds to an error the reason why the module cannot be initialised again, if any.
  Error Explained(const Error& error);
  // Works tells that an action succeeded: the pauses of Renew start again.
  void Works() noexcept {
    ModuleView::State& state = view_->state();
    if (state.pause.pausing()) [[unlikely]]
      state.pause.Reset();
  }

  // Retry calls `work()`, which is about the module and no token, and once more after each thing that can be
  // renewed.
  template <class Work>
  auto Retry(Work work) {
    for (Ladder ladder;;) {
      const std::uint64_t seen = initialisation();
      try {
        EnsureReady();
        return work();
      } catch (const Error& error) {
        const Rung rung = ladder.Next({.staleness = StalenessOf(error), .stage = Stage::kFind});
        if (rung == Rung::kFail || ProcessIsExiting()) throw Explained(error);
        if (rung == Rung::kModule && !RenewAfter(error, seen)) throw Explained(error);
      }
    }
  }

  // SlotsWithToken gives the slots that have a token now. A module that shows no slot at all may have lost
  // what it speaks to, or not found it, as p11-kit-client with its server, and looks again only when it is
  // initialised: that is done, as Renew does it.
  std::vector<CK_SLOT_ID> SlotsWithToken();
  // TokenInfo reads a token's info, its texts padded as they should be (modules differ).
  CK_TOKEN_INFO TokenInfo(CK_SLOT_ID slot);

  // Call calls `function` of the module and logs it. In a process that is exiting, or that was forked since
  // EnsureReady, it returns CKR_CRYPTOKI_NOT_INITIALIZED instead, CKR_FUNCTION_CANCELED in work that was
  // given up, as an earlier call of it did not come back in time (CallWatch), and CKR_SESSION_HANDLE_INVALID
  // where the session is of an earlier initialisation: its number may be another's by now. No lock is held
  // meanwhile, unless the module cannot be used by several threads (CKR_CANT_LOCK).
  template <class Function, class... Args>
  CK_RV Call(Function CK_FUNCTION_LIST::*function, const char* name, const CalledOn& on, Args... args) {
    ModuleView::State& state = view_->state();
    const InFlight in_flight(state);
    if (!state.ready.load() || ProcessIsExiting()) return CKR_CRYPTOKI_NOT_INITIALIZED;
    if (on.initialisation != 0 && on.initialisation != state.initialisation.load())
      return CKR_SESSION_HANDLE_INVALID;
    CallWatch* const watch = CallWatch::Current();
    if (watch != nullptr && watch->given_up()) return CKR_FUNCTION_CANCELED;
    const CallWatch::Call watched(watch, name, on.token, state.lost);
    std::optional<Lock> serial;
    if (state.serialised.load(std::memory_order_relaxed)) serial.emplace(state.serial);
    if (log_ == nullptr) [[likely]]
      return (view_->functions().*function)(args...);
    const auto before = std::chrono::steady_clock::now();
    const CK_RV rv = (view_->functions().*function)(args...);
    log_->Write(name_, name, on, rv, std::chrono::steady_clock::now() - before);
    return rv;
  }

 private:
  class InFlight {
   public:
    explicit InFlight(ModuleView::State& state) noexcept : state_(state) { state_.in_flight.fetch_add(1); }
    ~InFlight() { state_.in_flight.fetch_sub(1); }
    InFlight(const InFlight&) = delete;
    InFlight& operator=(const InFlight&) = delete;

   private:
    ModuleView::State& state_;
  };

  Module(LoadedModule loaded, std::string path, const std::string& init_args, std::shared_ptr<CallLog> log);
  ModuleView::Caller Caller() const noexcept { return {name_, log_.get()}; }
  std::vector<CK_SLOT_ID> AskForSlots(bool with_token);

  std::string name_;
  std::string path_;
  const std::shared_ptr<CallLog> log_;
  bool holds_trust_ = false;
  std::shared_ptr<ModuleView> view_;
};

}  // namespace signet::inline pkcs11

// SIGNET_CK names a function of the list and its name for the log in one word.
#define SIGNET_CK(function) &CK_FUNCTION_LIST::function, #function

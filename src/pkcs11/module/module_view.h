#pragma once

#include "base/mutex.h"
#include "pkcs11/module/call_log.h"
#include "pkcs11/module/loaded_module.h"
#include "pkcs11/module/renewal_pause.h"
#include "process/exit_handler.h"
#include "process/fork_local.h"
#include "process/turns.h"
#include <signet/error.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace signet::inline pkcs11 {

// ModuleView is a view of a PKCS#11 module from p11-kit: no other user's C_Finalize or
// C_CloseAllSessions reaches it. All sources of a process that name the same module with the same arguments
// share one, as p11-kit initialises a module again only after its last view was finalised. It is initialised
// at the first use in each process, and finalised when it dies or before the process exits, whichever comes
// first. Thread-safe.
class ModuleView {
 public:
  // State is the state of one process.
  struct State {
    Turns turns;
    std::atomic<bool> ready{false};
    std::atomic<bool> serialised{false};
    std::atomic<std::uint64_t> initialisation{0};
    RenewalPause pause;
    std::atomic<int> in_flight{0};
    std::atomic<int> lost{0};           // of those in flight, without a waiting caller
    std::atomic<int> lost_in_queue{0};  // of those who wait to initialise
    std::atomic<bool> shared{false};    // with other users, so that it could not be initialised again
    Mutex serial;            // held during calls of a module that says CKR_CANT_LOCK, and of no other
    bool finalised = false;  // by the exit handler; changed in a turn
    std::chrono::steady_clock::time_point tried_in_vain;  // to finalise it; changed in a turn
    std::unique_ptr<ExitHandler> exit_handler;
  };
  // Caller is the source that wants something; the module may have other names and logs for others.
  struct Caller {
    const std::string& name;
    CallLog* log;
  };

  // Share gives the process's view of `path` with `init_args`, which C_Initialize passes on. `fresh` is one
  // that p11-kit just returned: it becomes that view, or is released. An empty path is never shared.
  static std::shared_ptr<ModuleView> Share(LoadedModule fresh, const std::string& path,
                                           const std::string& init_args);
  ModuleView(LoadedModule functions, std::string path, std::string init_args);
  ~ModuleView();
  ModuleView(const ModuleView&) = delete;
  ModuleView& operator=(const ModuleView&) = delete;

  CK_FUNCTION_LIST& functions() const noexcept { return *functions_; }
  State& state() { return state_.Get(); }
  // EnsureReady initialises the module in this process; throws Error kModuleTrouble.
  void EnsureReady(const Caller& caller) {
    State& state = state_.Get();
    if (!state.ready.load(std::memory_order_acquire)) [[unlikely]]
      MakeReady(state, caller);
  }
  // Reinitialise finalises the view and initialises it again if State::initialisation is still `seen`; false
  // where calls that do not come back are in the way. Sessions from before are gone then.
  bool Reinitialise(std::uint64_t seen, const Caller& caller);

 private:
  class InitialisingTurn;
  void MakeReady(State& state, const Caller& caller);
  void Initialise(State& state, const Caller& caller);
  CK_RV CallInitialise(State& state, const Caller& caller);
  CK_RV Ask(State& state) const;
  CK_RV CallFinalise(State& state) noexcept;
  void Finalise(State& state) noexcept;
  void FinaliseAtExit(State& state);
  CK_RV Revive() const;

  LoadedModule functions_;
  const std::string path_;
  const std::string init_args_;
  const std::uint64_t born_in_;
  ForkLocal<State> state_;
};

}  // namespace signet::inline pkcs11

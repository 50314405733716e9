#include "testing/module/module.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>
#include <stdexcept>

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

namespace signet::testing {
namespace {

// ConfigPath is the file beside this module, else the one that SIGNET_TESTING_PKCS11 names.
std::string ConfigPath() {
  Dl_info here{};
  if (dladdr(reinterpret_cast<const void*>(&ConfigPath), &here) != 0 && here.dli_fname != nullptr) {
    const std::string beside = std::string(here.dli_fname) + ".conf";
    if (access(beside.c_str(), R_OK) == 0) return beside;
  }
  if (const char* path = std::getenv("SIGNET_TESTING_PKCS11")) return path;
  throw std::runtime_error(
      "signet-testing-pkcs11: no configuration beside the module, nor in SIGNET_TESTING_PKCS11");
}

BehaviourFile ReadConfig(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("signet-testing-pkcs11: cannot read " + path);
  return ReadText(std::string{std::istreambuf_iterator<char>(file), {}});
}

SharedState* MapShared(const std::string& path) {
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) throw std::runtime_error("signet-testing-pkcs11: cannot open " + path);
  const bool sized = ftruncate(file, sizeof(SharedState)) == 0;
  void* memory =
      sized ? mmap(nullptr, sizeof(SharedState), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) : MAP_FAILED;
  close(file);
  if (memory == MAP_FAILED) throw std::runtime_error("signet-testing-pkcs11: cannot map " + path);
  return static_cast<SharedState*>(memory);
}

CK_FUNCTION_LIST* LoadReal(const std::string& path) {
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw std::runtime_error("signet-testing-pkcs11: " + std::string(dlerror()));
  const auto get = reinterpret_cast<CK_C_GetFunctionList>(dlsym(library, "C_GetFunctionList"));
  CK_FUNCTION_LIST* functions = nullptr;
  if (get == nullptr || get(&functions) != CKR_OK) {
    throw std::runtime_error("signet-testing-pkcs11: no PKCS#11 module: " + path);
  }
  return functions;
}

void Sleep(std::uint64_t microseconds) {
  timespec rest{static_cast<time_t>(microseconds / 1'000'000),
                static_cast<long>(microseconds % 1'000'000 * 1000)};
  while (nanosleep(&rest, &rest) != 0 && errno == EINTR) {
  }
}

void RaiseTo(std::atomic<std::int32_t>& maximum, std::int32_t value) {
  std::int32_t seen = maximum;
  while (seen < value && !maximum.compare_exchange_weak(seen, value)) {
  }
}

Module* the_module = nullptr;  // for the fork handlers, which take no argument

}  // namespace

Rules::Rules(BehaviourFile text) : file(std::move(text)), behaviour(file.behaviour) {
  delays_us.fill(behaviour.delay_us);
  for (const auto& [name, delay] : behaviour.delays_us) {
    if (const auto function = FunctionOf(name)) delays_us[*function] = delay;
  }
  for (const auto& [name, calls] : behaviour.gather) {
    if (const auto function = FunctionOf(name)) gather[*function] = calls;
  }
  for (const ModuleFault& fault : behaviour.faults) faults.push_back({FunctionOf(fault.function), fault});
}

Module& Module::Get() {
  // Never destroyed: calls may still come while the process exits.
  static Module* const module = new Module;
  return *module;
}

Module::Module() : config_path_(ConfigPath()) {
  const BehaviourFile file = ReadConfig(config_path_);
  shared_ = MapShared(file.shared);
  real_ = LoadReal(file.module);
  the_module = this;
  pthread_atfork(BeforeFork, AfterForkInParent, AfterForkInChild);
}

void Module::BeforeFork() {
  the_module->locks_->calls.lock();
  the_module->locks_->sessions.lock();
}

void Module::AfterForkInParent() {
  the_module->locks_->sessions.unlock();
  the_module->locks_->calls.unlock();
}

void Module::AfterForkInChild() {
  auto fresh = std::make_unique<Locks>();
  fresh->before_fork = std::move(the_module->locks_);
  the_module->locks_ = std::move(fresh);
}

const Rules& Module::Current() {
  const std::uint64_t wanted = shared_->generation;
  const Rules* rules = rules_;
  if (rules != nullptr && generation_ == wanted) return *rules;
  const std::unique_lock alone(locks_->calls);
  rules = rules_;
  if (rules != nullptr && generation_ == wanted) return *rules;
  const auto& fresh = all_rules_.emplace_back(std::make_unique<const Rules>(ReadConfig(config_path_)));
  Apply(rules, *fresh);
  rules_ = fresh.get();
  generation_ = wanted;
  return *fresh;
}

void Module::Apply(const Rules* before, const Rules& now) {
  if (before == nullptr) return;
  std::map<CK_SLOT_ID, CK_SESSION_HANDLE> slots;
  for (const auto& [session, state] : sessions_) slots.emplace(state.slot, session);
  for (const auto& [slot, session] : slots) {
    const bool taken_out = Removed(now, slot) && !Removed(*before, slot);
    if (taken_out || now.file.drops != before->file.drops) {
      CloseSessionsOf(slot);
    } else if (now.file.logouts != before->file.logouts) {
      real_->C_Logout(session);
    }
  }
}

void Module::CloseSessionsOf(CK_SLOT_ID slot) {
  for (const auto& [session, state] : sessions_) {
    if (state.slot == slot) gone_.emplace(session, slot);
  }
  std::erase_if(sessions_, [&](const auto& entry) { return entry.second.slot == slot; });
  real_->C_CloseAllSessions(slot);
}

CK_RV Module::Refusal(const Rules& rules, std::size_t function, CK_SESSION_HANDLE session) {
  const bool starts = function == kC_Initialize || function == kC_GetFunctionList || function == kC_GetInfo;
  if (rules.behaviour.strict_fork && !starts && process_ != 0 && process_ != getpid()) {
    return CKR_CRYPTOKI_NOT_INITIALIZED;
  }
  if (session == 0) return CKR_OK;
  const std::scoped_lock lock(locks_->sessions);
  const auto gone = gone_.find(session);
  if (gone == gone_.end()) return CKR_OK;
  return Removed(rules, gone->second) ? CKR_DEVICE_REMOVED : CKR_SESSION_HANDLE_INVALID;
}

std::optional<CK_RV> Module::FaultOf(const Rules& rules, std::size_t function, bool after) {
  std::optional<CK_RV> result;
  for (std::size_t i = 0; i < rules.faults.size(); ++i) {
    const Rules::Fault& row = rules.faults[i];
    if (row.fault.after != after || (row.function && *row.function != function)) continue;
    const std::uint64_t number = ++shared_->fault_matches[i];
    const bool in_time =
        number >= row.fault.nth && (row.fault.times == 0 || number < row.fault.nth + row.fault.times);
    if (in_time && !result) result = row.fault.result;
  }
  return result;
}

std::size_t Module::Begin(std::size_t function, CK_SESSION_HANDLE session) {
  ++shared_->counts[function];
  RaiseTo(shared_->max_in_flight, ++shared_->in_flight);
  const std::size_t entry = shared_->trace_size++;
  if (entry < kTraceCapacity) {
    shared_->trace[entry] = {static_cast<std::uint32_t>(function), static_cast<std::uint32_t>(getpid()),
                             session, CKR_FUNCTION_NOT_PARALLEL};
  }
  if (const std::uint64_t delay = Current().delays_us[function]) Sleep(delay);
  const auto wanted = [&] { return static_cast<std::int32_t>(Current().gather[function]); };
  for (int i = 0; i < 20'000 && shared_->max_in_flight < wanted(); ++i) Sleep(1000);
  return entry;
}

void Module::End(std::size_t entry, CK_RV result) {
  if (entry < kTraceCapacity) shared_->trace[entry].result = result;
  --shared_->in_flight;
}

void Module::Opened(CK_SESSION_HANDLE session, CK_SLOT_ID slot) {
  const std::scoped_lock lock(locks_->sessions);
  gone_.erase(session);
  sessions_[session] = {.slot = slot};
}

void Module::Closed(CK_SESSION_HANDLE session) {
  const std::scoped_lock lock(locks_->sessions);
  sessions_.erase(session);
}

void Module::ClosedAll(CK_SLOT_ID slot) {
  const std::scoped_lock lock(locks_->sessions);
  std::erase_if(sessions_, [&](const auto& entry) { return entry.second.slot == slot; });
}

void Module::Initialised() {
  const std::scoped_lock lock(locks_->sessions);
  // What the parent had open is not this process's.
  if (process_ != getpid()) sessions_.clear();
  process_ = getpid();
}

void Module::Finalised() {
  const std::scoped_lock lock(locks_->sessions);
  sessions_.clear();
  gone_.clear();
  process_ = 0;
}

std::size_t Module::Count(CK_SLOT_ID slot) {
  const std::scoped_lock lock(locks_->sessions);
  return static_cast<std::size_t>(
      std::ranges::count_if(sessions_, [&](const auto& entry) { return entry.second.slot == slot; }));
}

SessionState::Context Module::Context(CK_SESSION_HANDLE session) {
  const std::scoped_lock lock(locks_->sessions);
  const auto found = sessions_.find(session);
  return found != sessions_.end() ? found->second.context : SessionState::Context::kIdle;
}

void Module::SetContext(CK_SESSION_HANDLE session, SessionState::Context context) {
  const std::scoped_lock lock(locks_->sessions);
  const auto found = sessions_.find(session);
  if (found != sessions_.end()) found->second.context = context;
}

CK_MECHANISM_TYPE Module::Hashing(CK_SESSION_HANDLE session) {
  const std::scoped_lock lock(locks_->sessions);
  const auto found = sessions_.find(session);
  return found != sessions_.end() ? found->second.hashing : 0;
}

void Module::SetHashing(CK_SESSION_HANDLE session, CK_MECHANISM_TYPE mechanism) {
  const std::scoped_lock lock(locks_->sessions);
  const auto found = sessions_.find(session);
  if (found != sessions_.end()) found->second.hashing = mechanism;
}

bool Module::Removed(const Rules& rules, CK_SLOT_ID slot) const {
  const std::string& wanted = rules.behaviour.removed;
  if (wanted.empty() || wanted == "*") return !wanted.empty();
  CK_TOKEN_INFO info{};
  if (real_->C_GetTokenInfo(slot, &info) != CKR_OK) return false;
  std::string label(reinterpret_cast<const char*>(info.label), sizeof(info.label));
  label.resize(label.find_last_not_of(' ') + 1);
  return label == wanted;
}

}  // namespace signet::testing

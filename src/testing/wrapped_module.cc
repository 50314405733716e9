#include "testing/kit_paths.h"
#include "testing/module/behaviour_text.h"
#include "testing/module/shared_state.h"
#include "testing/spawn.h"
#include <signet/testing/wrapped_module.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <stdexcept>
#include <system_error>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace signet::testing {

class WrappedModule::Shared {
 public:
  explicit Shared(const std::string& path) {
    const Descriptor file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (file.get() < 0 || ftruncate(file.get(), sizeof(SharedState)) != 0) {
      throw std::system_error(errno, std::generic_category(), path);
    }
    void* memory = mmap(nullptr, sizeof(SharedState), PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
    if (memory == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
    state_ = static_cast<SharedState*>(memory);
  }
  ~Shared() { munmap(state_, sizeof(SharedState)); }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  SharedState* operator->() const { return state_; }

 private:
  SharedState* state_;
};

WrappedModule::WrappedModule(const SoftHsm& hsm, const ModuleBehaviour& behaviour)
    : WrappedModule(SoftHsm::module_path(), behaviour) {
  softhsm_config_ = hsm.config_path();
  // Another file is another instance to the dynamic linker: it has its own state and its own tokens.
  real_module_ = directory_.path() + "/real-softhsm2.so";
  std::filesystem::copy_file(SoftHsm::module_path(), real_module_);
  WriteBehaviour();
}

WrappedModule::WrappedModule(const std::string& real_module, const ModuleBehaviour& behaviour)
    : directory_("signet-module"),
      path_(directory_.path() + "/signet-testing-pkcs11.so"),
      real_module_(real_module),
      behaviour_(behaviour),
      shared_(std::make_unique<Shared>(directory_.path() + "/shared")) {
  std::filesystem::copy_file(KitProgram("signet-testing-pkcs11.so"), path_);
  WriteBehaviour();
}

WrappedModule::~WrappedModule() = default;

void WrappedModule::Set(const ModuleBehaviour& behaviour) {
  if (behaviour.faults.size() > kMaxFaults) throw std::runtime_error("too many faults");
  for (const ModuleFault& fault : behaviour.faults) {
    if (fault.function != "*" && !FunctionOf(fault.function)) {
      throw std::runtime_error("PKCS#11 has no " + fault.function);
    }
  }
  behaviour_ = behaviour;
  WriteBehaviour();
}

void WrappedModule::WriteBehaviour() {
  const BehaviourFile file{.module = real_module_,
                           .softhsm_config = softhsm_config_,
                           .shared = directory_.path() + "/shared",
                           .drops = drops_,
                           .logouts = logouts_,
                           .behaviour = behaviour_};
  // Under its name it is always whole.
  std::filesystem::rename(directory_.Write("behaviour.new", WriteText(file)), path_ + ".conf");
  for (auto& matches : (*shared_)->fault_matches) matches = 0;
  ++(*shared_)->generation;
}

void WrappedModule::RemoveToken() {
  behaviour_.removed = "*";
  WriteBehaviour();
}

void WrappedModule::ReturnToken() {
  behaviour_.removed.clear();
  WriteBehaviour();
}

void WrappedModule::DropSessions() {
  ++drops_;
  WriteBehaviour();
}

void WrappedModule::LogOut() {
  ++logouts_;
  WriteBehaviour();
}

std::uint64_t WrappedModule::Count(std::string_view function) const {
  if (function == "*") {
    std::uint64_t sum = 0;
    for (const auto& count : (*shared_)->counts) sum += count;
    return sum;
  }
  const auto number = FunctionOf(function);
  if (!number) throw std::runtime_error("PKCS#11 has no " + std::string(function));
  return (*shared_)->counts[*number];
}

std::map<std::string, std::uint64_t> WrappedModule::Counts() const {
  std::map<std::string, std::uint64_t> counts;
  for (std::size_t i = 0; i < kFunctionCount; ++i) {
    if (const std::uint64_t count = (*shared_)->counts[i]) counts.emplace(kFunctionNames[i], count);
  }
  return counts;
}

std::vector<TracedCall> WrappedModule::Trace() const {
  std::vector<TracedCall> calls;
  const std::uint64_t size = std::min<std::uint64_t>((*shared_)->trace_size, kTraceCapacity);
  for (std::uint64_t i = 0; i < size; ++i) {
    const SharedState::Call& call = (*shared_)->trace[i];
    calls.push_back({std::string(kFunctionNames[call.function]), call.process, call.session, call.result});
  }
  return calls;
}

int WrappedModule::MaxInFlight() const { return (*shared_)->max_in_flight; }

void WrappedModule::ResetPinTries() { (*shared_)->wrong_pins = 0; }

void WrappedModule::Reset() {
  for (auto& count : (*shared_)->counts) count = 0;
  (*shared_)->max_in_flight = 0;
  (*shared_)->trace_size = 0;
}

}  // namespace signet::testing

#pragma once

#include <signet/testing/memory_token.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace signet::testing {

// MemoryAttributes is an object as it is handed to the module: CKA_ types and their bytes.
using MemoryAttributes = std::map<unsigned long, std::string>;

// MemoryControl is the in-memory module's other side, which the kit reaches by the symbol below.
class MemoryControl {
 public:
  virtual void Clear() = 0;
  virtual std::size_t AddSlot() = 0;
  virtual std::size_t MakeToken(const MemoryTokenOptions& options) = 0;
  // AddObject stores an object; `pkcs8` is the DER PrivateKeyInfo of a private key, else empty.
  virtual void AddObject(std::size_t token, const MemoryAttributes& attributes, const std::string& pkcs8) = 0;
  virtual MemoryTokenOptions Options(std::size_t token) const = 0;
  virtual std::vector<MemoryStored> Stored(std::size_t token) const = 0;
  virtual void Insert(std::size_t token, std::size_t slot) = 0;
  virtual void Remove(std::size_t token) = 0;
  virtual void Swap(std::size_t slot, std::size_t other) = 0;
  virtual void LogOut(std::size_t token) = 0;
  virtual void DropSessions() = 0;
  virtual void FinaliseByOthers() = 0;
  virtual void LoseService(unsigned long code) = 0;
  virtual void SetFlags(std::size_t token, unsigned long flags) = 0;
  virtual void SetPin(std::size_t token, const std::string& pin) = 0;
  virtual void SetTries(std::size_t token, int tries) = 0;
  virtual void Set(const MemoryBehaviour& behaviour) = 0;
  virtual void Disturb(const Disturbances& disturbances) = 0;
  virtual std::uint64_t disturbed() const = 0;
  virtual bool unsettled() const = 0;
  virtual void BeginAction(std::uint64_t action) = 0;
  virtual MemoryCauses Causes() const = 0;
  virtual void Record(bool on) = 0;
  virtual std::vector<MemoryCall> Calls() const = 0;
  virtual std::uint64_t Count(std::size_t function) const = 0;
  virtual void ResetCalls() = 0;

 protected:
  ~MemoryControl() = default;
};

inline constexpr char kMemoryControlSymbol[] = "signet_testing_memory_control";
using MemoryControlFunction = MemoryControl* (*)();

}  // namespace signet::testing

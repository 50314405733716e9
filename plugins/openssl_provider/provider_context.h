#pragma once

#include "base/mutex.h"
#include "config/configuration.h"
#include "config/environment.h"
#include "openssl_provider/algorithms.h"
#include "openssl_provider/core_bio.h"
#include "openssl_provider/error_queue.h"
#include "sources/source.h"
#include <signet/private_key.h>
#include <signet/settings.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <openssl/core.h>
#include <openssl/core_dispatch.h>

namespace signet::provider {

// ProviderContext is one activation of the provider in one library context. Making it opens nothing: no
// module, no file, no thread.
class ProviderContext {
 public:
  ProviderContext(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH* upcalls,
                  const EnvironmentLookup& environment);

  const ErrorQueue& errors() const noexcept { return errors_; }
  // name is what the provider was activated under.
  const std::string& name() const noexcept { return name_; }
  const CoreBio& core_bio() const noexcept { return core_bio_; }
  const Algorithms& algorithms() const noexcept { return algorithms_; }

  // configuration is openssl.cnf's section as libcrypto has it now, below the environment of the time when
  // the provider was loaded.
  Configuration configuration();
  // settings throws what was wrong with them: at the first use rather than at load, where a mistake in one
  // line would take the whole openssl.cnf with it.
  Settings settings();
  // OpenAtActivation loads the PKCS#11 modules where the settings say `load = activation`. What is wrong with
  // them is an error at the first use.
  void OpenAtActivation() noexcept;
  // source makes the Source at the first call, with the settings as they are then.
  std::shared_ptr<Source> source();

  // Deposit keeps a key of this process until it is taken once, with the returned number, which no one can
  // guess; see provider_entry.h and decoder.h.
  std::uint64_t Deposit(std::shared_ptr<PrivateKey> key);
  std::shared_ptr<PrivateKey> Withdraw(std::uint64_t number);

  // Ticket is for one reading of what a PEM block points to, see decoder.cc.
  struct Ticket {
    bool used = false;
    std::optional<Error> failure;  // of the first reading
  };
  // IssueTicket gives a number that no one can guess. UseTicket marks it as used and gives what it was
  // before; nothing if it was not issued, or ended by EndTicket.
  std::uint64_t IssueTicket();
  std::optional<Ticket> UseTicket(std::uint64_t number);
  void FailTicket(std::uint64_t number, const Error& failure);
  void EndTicket(std::uint64_t number);

  // ReleaseReference gives back one reference to the provider: only an owner may call it.
  void ReleaseReference() noexcept;

 private:
  void TakeParameters() SIGNET_REQUIRES(mutex_);

  const ErrorQueue errors_;
  const CoreBio core_bio_;
  std::string name_;
  Algorithms algorithms_;
  Mutex mutex_;
  Configuration configuration_ SIGNET_GUARDED_BY(mutex_);
  std::shared_ptr<Source> source_ SIGNET_GUARDED_BY(mutex_);
  std::map<std::uint64_t, std::shared_ptr<PrivateKey>> deposits_ SIGNET_GUARDED_BY(mutex_);
  std::map<std::uint64_t, Ticket> tickets_ SIGNET_GUARDED_BY(mutex_);
  const OSSL_CORE_HANDLE* handle_;
  OSSL_FUNC_core_get_params_fn* get_params_;
  OSSL_FUNC_provider_free_fn* free_reference_;
  // What TakeParameters has seen.
  std::map<std::string, std::size_t, std::less<>> parameters_ SIGNET_GUARDED_BY(mutex_);
};

}  // namespace signet::provider

#pragma once

#include <signet/pin_prompt.h>

#include <mutex>

#include <openssl/core.h>

namespace signet::provider {

// StorePrompt asks through the passphrase callback that libcrypto lends to a store while it loads. Keys may
// keep it for longer: it then has nobody to ask.
class StorePrompt : public PinPrompt {
 public:
  // Lend and TakeBack enclose the time in which the callback may be called.
  void Lend(OSSL_PASSPHRASE_CALLBACK* callback, void* argument);
  void TakeBack() noexcept;

  std::optional<Secret> Ask(const PinRequest& request) override;

 private:
  std::mutex mutex_;
  OSSL_PASSPHRASE_CALLBACK* callback_ = nullptr;
  void* argument_ = nullptr;
};

}  // namespace signet::provider

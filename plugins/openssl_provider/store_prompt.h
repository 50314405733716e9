#pragma once

#include "base/mutex.h"
#include <signet/pin_prompt.h>
#include <signet/settings.h>

#include <openssl/core.h>

namespace signet::provider {

// GivesPins tells whether a pass phrase may be a token's PIN at all.
inline bool GivesPins(const Settings& settings) noexcept {
  return settings.pass_phrase_is_pin != Settings::PassPhraseIsPin::kNo;
}

// StorePrompt asks through the passphrase callback that libcrypto lends to a store while it loads. Keys may
// keep it for longer: it then has no prompt.
class StorePrompt : public PinPrompt {
 public:
  // With `gives_pins` false it asks for passwords of files only.
  explicit StorePrompt(bool gives_pins) : gives_pins_(gives_pins) {}

  // Lend and TakeBack enclose the time in which the callback may be called.
  void Lend(OSSL_PASSPHRASE_CALLBACK* callback, void* argument);
  void TakeBack() noexcept;

  std::optional<Secret> Ask(const PinRequest& request) override;
  // Whether the callback asks a person or returns a configured text cannot be seen.
  bool asks_person() const noexcept override { return false; }

 private:
  const bool gives_pins_;
  Mutex mutex_;
  OSSL_PASSPHRASE_CALLBACK* callback_ SIGNET_GUARDED_BY(mutex_) = nullptr;
  void* argument_ SIGNET_GUARDED_BY(mutex_) = nullptr;
};

}  // namespace signet::provider

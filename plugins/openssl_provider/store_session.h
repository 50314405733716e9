#pragma once

#include "config/configuration.h"
#include "identity/stored_objects.h"
#include "openssl_provider/private_key.h"
#include "openssl_provider/store_prompt.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <openssl/core.h>

namespace signet::provider {

// StoreSession is one OSSL_STORE_open: the objects that a URI names, handed out one by one. The source is
// asked at the first Load, when it is known what the caller expects.
class StoreSession {
 public:
  // StoreSession throws Error kUnsupported for the scheme that is reserved.
  StoreSession(ProviderContext& provider, std::string uri);

  const ErrorQueue& errors() const noexcept { return provider_.errors(); }

  // SetParams takes the kind that is expected, a subject to look for, and any of our settings by its name.
  void SetParams(const OSSL_PARAM params[]);
  // Load gives the next object to `callback` and tells whether that took it. Throws the reason where there is
  // nothing at all, and, behind the last object, what kept others from being found.
  bool Load(OSSL_CALLBACK* callback, void* argument, OSSL_PASSPHRASE_CALLBACK* passphrase,
            void* passphrase_argument);
  // eof is false right behind an error, as libcrypto takes an error at the end for a plain end; one more
  // Load, which gives nothing, gets there.
  bool eof() const noexcept { return fetched_ && !failed_ && pending_.empty() && problems_.empty(); }

 private:
  // Offer hands one object over by calling back with its description.
  using Offer = std::function<bool(OSSL_CALLBACK*, void*)>;

  bool Next(OSSL_CALLBACK* callback, void* argument);
  void Fetch(OSSL_PASSPHRASE_CALLBACK* passphrase, void* passphrase_argument);
  StoredObjects FetchObjects();
  Wanted WantedKinds() const noexcept;
  void KeepMatching(StoredObjects& objects) const;
  void Queue(StoredObjects objects);
  bool OfferKey(const std::shared_ptr<PrivateKey>& key, OSSL_CALLBACK* callback, void* argument);

  ProviderContext& provider_;
  const std::string uri_;
  int expected_ = 0;  // OSSL_STORE_INFO_..., 0 for all
  std::vector<std::uint8_t> subject_;
  std::optional<Configuration> own_;     // where the caller brings settings
  std::shared_ptr<StorePrompt> prompt_;  // made by Fetch
  bool fetched_ = false;
  bool failed_ = false;
  std::vector<Offer> pending_;  // the next one last
  std::vector<Error> problems_;
};

}  // namespace signet::provider

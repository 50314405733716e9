#pragma once

#include "pkcs11/module/module.h"
#include "pkcs11/objects/uri.h"
#include "pkcs11/token/token.h"
#include <signet/identity_source.h>
#include <signet/settings.h>

#include <memory>
#include <utility>
#include <vector>

namespace signet::inline pkcs11 {

// TokenDirectory opens modules when they are first needed, and finds tokens on them. A module that cannot be
// opened is tried again at the next search, and does not affect the others. Thread-safe; a
// forked child opens the modules again when it needs them.
class TokenDirectory : public std::enable_shared_from_this<TokenDirectory> {
 public:
  explicit TokenDirectory(Settings settings)
      : settings_(std::move(settings)), guard_(std::make_shared<CallGuard>(settings_.call_timeout)) {}

  // guard is what calls are to run under.
  CallGuard& guard() const noexcept { return *guard_; }

  struct Found {
    std::vector<std::shared_ptr<Token>> tokens;
    std::vector<Error> problems;  // modules and slots that could not be searched
    bool remembered = false;      // from an earlier search: a token that is gone may still be among them
  };
  // Find gives the tokens that `uri` matches. Where the URI names a token, one that was found before is good
  // enough, unless `again`.
  Found Find(const Pkcs11Uri& uri, bool again);

 private:
  using Modules = std::vector<std::shared_ptr<Module>>;
  struct Opened {
    Turns turns;
    // Changed in a turn.
    std::shared_ptr<CallLog> log;
    Modules listed;
    Modules configured;
    Mutex mutex;
    std::vector<std::shared_ptr<Token>> tokens SIGNET_GUARDED_BY(mutex);
  };

  Modules ModulesFor(const Pkcs11Uri& uri, std::vector<Error>& problems);
  Modules Listed(Opened& opened, std::vector<Error>& problems);
  const Modules& Configured(Opened& opened);
  Found Search(const std::shared_ptr<Module>& module, const Pkcs11Uri& uri);
  Found SearchOnce(const std::shared_ptr<Module>& module, const Pkcs11Uri& uri);
  std::shared_ptr<Token> Remember(const std::shared_ptr<Module>& module, CK_SLOT_ID slot, TokenName name);

  const Settings settings_;
  const std::shared_ptr<CallGuard> guard_;
  ForkLocal<Opened> opened_;
};

}  // namespace signet::inline pkcs11

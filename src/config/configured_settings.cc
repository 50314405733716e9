#include "config/environment.h"
#include "config/openssl_conf.h"
#include <signet/configuration.h>

namespace signet {

Settings ConfiguredSettings() {
  Configuration configuration;
  // What is wrong with the file is for `signet doctor` to say: no program with OpenSSL stops for it.
  static_cast<void>(AddOpenSslConf(configuration, DefaultOpenSslConf()));
  AddEnvironment(configuration);
  return configuration.settings();
}

}  // namespace signet

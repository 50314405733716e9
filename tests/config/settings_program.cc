// Prints what this process reads of its configuration, a line each.
#include "config/environment.h"
#include "config/openssl_conf.h"
#include "pkcs11/module/module_status.h"
#include <signet/configuration.h>

#include <cstdio>

#include <fmt/format.h>
#include <sys/auxv.h>

int main() {
  fmt::print("secure {}\n", getauxval(AT_SECURE));
  fmt::print("openssl.cnf {}\n", signet::DefaultOpenSslConf());
  fmt::print("call-log {}\n", signet::ConfiguredSettings().call_log);
  for (const auto& variable : signet::UnknownVariables()) fmt::print("unknown {}\n", variable.name);
  for (const auto& module : signet::StatusOfModules(signet::Settings()))
    fmt::print("module {}\n", module.name);
}

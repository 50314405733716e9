#define OPENSSL_SUPPRESS_DEPRECATED  // ENGINE: libp11's users have no other way on Debian 12
#include "contender.h"

#include "base/openssl_error.h"
#include "rows.h"

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <stdexcept>

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/engine.h>

namespace signet::bench {
namespace {

using Via = ContenderKind::Via;

// pkcs11-provider crashes while a process exits that has used SoftHSM, unless `no-deinit` is set.
constexpr ContenderKind kKinds[] = {
    {kSignet, Via::kProvider, "signet.so", "pkcs11-module-path", ""},
    {kPkcs11Provider, Via::kProvider, "pkcs11.so", "pkcs11-module-path",
     "pkcs11-module-quirks = no-deinit\n"},
    {kLibp11Engine, Via::kEngine, "pkcs11.so", "MODULE_PATH", ""},
    {kLibp11Provider, Via::kProvider, "pkcs11prov.so", "pkcs11_module", ""},
};

// OpenSslDirectory is where libcrypto looks for its providers or engines.
std::string OpenSslDirectory(int type) {
  const char* answer = OPENSSL_info(type);
  return answer != nullptr ? answer : "";
}

std::optional<std::string> FileOf(const ContenderKind& kind) {
  std::vector<std::string> directories;
  if (kind.name == kSignet) {
    directories = {SIGNET_BENCH_PROVIDER_DIRECTORY};
  } else if (kind.via == Via::kEngine) {
    directories = {OpenSslDirectory(OPENSSL_INFO_ENGINES_DIR)};
  } else {
    if (const char* own = std::getenv("SIGNET_BENCH_MODULES")) directories.emplace_back(own);
    directories.push_back(OpenSslDirectory(OPENSSL_INFO_MODULES_DIR));
  }
  for (const std::string& directory : directories) {
    std::string path = fmt::format("{}/{}", directory, kind.file);
    if (std::filesystem::exists(path)) return path;
  }
  return std::nullopt;
}

std::string Config(const ContenderKind& kind, const std::string& file, const std::string& module_path) {
  const std::string head = "openssl_conf = openssl\n[openssl]\n";
  if (kind.via == Via::kEngine) {
    return head +
           fmt::format(
               "engines = engines\n[engines]\npkcs11 = pkcs11_engine\n[pkcs11_engine]\nengine_id = pkcs11\n"
               "dynamic_path = {}\n{} = {}\ninit = 0\n",
               file, kind.module, module_path);
  }
  return head + fmt::format(
                    "providers = providers\n[providers]\ndefault = default_provider\ncontender = "
                    "contender_provider\n"
                    "[default_provider]\nactivate = 1\n"
                    "[contender_provider]\nmodule = {}\n{} = {}\n{}activate = 1\n",
                    file, kind.module, module_path, kind.further);
}

ENGINE* LoadEngine(const std::string& file, const std::string& module_path) {
  ENGINE_load_dynamic();
  ENGINE* engine = ENGINE_by_id("dynamic");
  const bool loaded = engine != nullptr && ENGINE_ctrl_cmd_string(engine, "SO_PATH", file.c_str(), 0) == 1 &&
                      ENGINE_ctrl_cmd_string(engine, "ID", "pkcs11", 0) == 1 &&
                      ENGINE_ctrl_cmd_string(engine, "LIST_ADD", "0", 0) == 1 &&
                      ENGINE_ctrl_cmd_string(engine, "LOAD", nullptr, 0) == 1 &&
                      ENGINE_ctrl_cmd_string(engine, "MODULE_PATH", module_path.c_str(), 0) == 1 &&
                      ENGINE_init(engine) == 1;
  if (!loaded) throw std::runtime_error("the engine does not load: " + LastOpenSslError().name);
  return engine;
}

}  // namespace

const std::vector<ContenderKind>& Installed() {
  static const std::vector<ContenderKind> installed = [] {
    const char* only = std::getenv("SIGNET_BENCH_ONLY");
    std::vector<ContenderKind> there;
    for (const ContenderKind& kind : kKinds) {
      if ((only == nullptr || kind.name == only) && FileOf(kind)) there.push_back(kind);
    }
    return there;
  }();
  return installed;
}

Contender::Contender(const ContenderKind& kind, std::string module_path)
    : kind_(kind), module_path_(std::move(module_path)) {
  const std::string file = FileOf(kind).value();
  config_path_ = directory_.Write("openssl.cnf", Config(kind, file, module_path_));
  if (kind.via == Via::kEngine) {
    engine_ = LoadEngine(file, module_path_);
    return;
  }
  library_.reset(CheckOpenSsl(OSSL_LIB_CTX_new(), "OSSL_LIB_CTX_new"));
  CheckOpenSsl(OSSL_LIB_CTX_load_config(library_.get(), config_path_.c_str()), "OSSL_LIB_CTX_load_config");
}

OpenSslPtr<EVP_PKEY> Contender::Load(const std::string& uri) {
  if (engine_ != nullptr) {
    OpenSslPtr<EVP_PKEY> key(
        ENGINE_load_private_key(static_cast<ENGINE*>(engine_), uri.c_str(), nullptr, nullptr));
    if (key == nullptr) throw std::runtime_error("the engine does not load the key");
    return key;
  }
  const OpenSslPtr<OSSL_STORE_CTX> store(
      OSSL_STORE_open_ex(uri.c_str(), library(), nullptr, nullptr, nullptr, nullptr, nullptr, nullptr));
  CheckOpenSsl(store.get(), "OSSL_STORE_open_ex");
  OSSL_STORE_expect(store.get(), OSSL_STORE_INFO_PKEY);
  while (OSSL_STORE_eof(store.get()) == 0) {
    const OpenSslPtr<OSSL_STORE_INFO> info(OSSL_STORE_load(store.get()));
    if (info == nullptr || OSSL_STORE_INFO_get_type(info.get()) != OSSL_STORE_INFO_PKEY) continue;
    return OpenSslPtr<EVP_PKEY>(OSSL_STORE_INFO_get1_PKEY(info.get()));
  }
  throw std::runtime_error(fmt::format("{} does not load the key", name()));
}

testing::Environment Contender::environment() const {
  testing::Environment environment = {{"OPENSSL_CONF", config_path_}};
  if (kind_.via == Via::kEngine) environment["PKCS11_MODULE_PATH"] = module_path_;
  return environment;
}

}  // namespace signet::bench

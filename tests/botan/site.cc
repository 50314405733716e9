#include "botan/site.h"

#include <fmt/format.h>

namespace signet::botan {

using testing::TestIdentity;

Site& Site::Get() {
  static Site site;
  return site;
}

Site::Site() : trust_file_(directory_.Write("ca.pem", pki_.root().CertificatePem())) {
  token_.UseInThisProcess();
}

const TestIdentity& Site::Made(const std::string& key, const std::string& name, bool server) {
  const auto [row, is_new] = made_.try_emplace(fmt::format("{} {} {}", key, name, server), pki_.root());
  if (is_new) {
    testing::CertificateOptions options =
        server ? testing::CertificateOptions::Server() : testing::CertificateOptions{.common_name = name};
    options.key = key;
    row->second = pki_.Issue(options);
  }
  return row->second;
}

Identity Site::Put(Source source, const TestIdentity& made) {
  const int number = ++objects_;
  if (source == Source::kPkcs12) {
    const std::string path = directory_.Write(fmt::format("{}.p12", number), testing::MakePkcs12(made));
    return source_.Open(fmt::format("pkcs12:{}?pin-value=secret", path));
  }
  const std::string id(1, static_cast<char>(number));
  testing::SoftHsm::ObjectOptions options;
  options.id = id;
  options.label = fmt::format("key {}", number);
  token_.Import(made, options);
  return source_.Open(token_.ObjectUri(id, true));
}

Identity Site::Open(Source source, const std::string& key, const std::string& name) {
  return Put(source, Made(key, name, false));
}

Identity Site::Server(Source source, const std::string& key) {
  return Put(source, Made(key, "localhost", true));
}

Site::Files Site::ServerFiles(const std::string& key) {
  const TestIdentity& made = Made(key, "localhost", true);
  const int number = ++objects_;
  return {.certificate = directory_.Write(fmt::format("{}.pem", number), made.ChainPem()),
          .key = directory_.Write(fmt::format("{}.key", number), made.PrivateKeyPem())};
}

}  // namespace signet::botan

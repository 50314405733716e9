#include "diagnosis/symptom_world.h"

#include <fmt/format.h>
#include <openssl/evp.h>

namespace signet {

using testing::CertificateOptions;
using testing::RunProgram;
using testing::TestIdentity;

namespace {

constexpr const char* kPython =
    "import ssl,sys,urllib.request\n"
    "c=ssl.create_default_context(cafile=sys.argv[2])\n"
    "if len(sys.argv)>3: c.load_cert_chain(sys.argv[3],sys.argv[4])\n"
    "urllib.request.urlopen(sys.argv[1],context=c).read()\n";

std::string Url(const MutualTlsServer& server) { return fmt::format("https://localhost:{}/", server.port()); }

}  // namespace

MutualTlsServer SymptomWorld::Server(Kind kind, CertificateOptions own,
                                     std::vector<std::string> extra) const {
  return MutualTlsServer(kind, {.identity = server_pki_.Issue(own),
                                .trust_pem = pki_.root().RootPem(),
                                .tls = tls_,
                                .extra = std::move(extra)});
}

std::string SymptomWorld::Printed(const Argv& argv, const testing::Environment& environment) {
  const auto result =
      RunProgram({.argv = argv, .environment = environment, .input = "GET / HTTP/1.0\r\n\r\n"});
  return result.out + result.err;
}

std::string SymptomWorld::Curl(const MutualTlsServer& server, const Argv& more,
                               const testing::Environment& environment) const {
  Argv argv = {"curl", "-sS", "--ipv4", "--cacert", server.trust_file(), Url(server)};
  argv.insert(argv.end(), more.begin(), more.end());
  return Printed(argv, environment);
}

std::string SymptomWorld::Python(const MutualTlsServer& server, const Argv& more) const {
  Argv argv = {"/usr/bin/python3", "-c", kPython, Url(server), server.trust_file()};
  argv.insert(argv.end(), more.begin(), more.end());
  return Printed(argv);
}

std::string SymptomWorld::JavaTrust() const {
  const std::string root = directory_.Write("server-root.pem", server_pki_.root().RootPem());
  const std::string file = directory_.path() + "/trust.p12";
  Printed({"keytool", "-importcert", "-noprompt", "-file", root, "-keystore", file, "-storepass", "secret"});
  return file;
}

std::string SymptomWorld::Java(const MutualTlsServer& server, const Argv& properties) const {
  Argv argv = {"java", "-Djavax.net.ssl.trustStore=" + JavaTrust(),
               "-Djavax.net.ssl.trustStorePassword=secret"};
  argv.insert(argv.end(), properties.begin(), properties.end());
  argv.insert(argv.end(), {SIGNET_DIAGNOSIS_TESTS "/Tls.java", "get", Url(server)});
  return Printed(argv);
}

std::string SymptomWorld::JavaServer() const {
  testing::BackgroundProcess server(
      {.argv = {"java", SIGNET_DIAGNOSIS_TESTS "/Tls.java", "serve",
                Pkcs12File(server_pki_.Issue(CertificateOptions::Server())), "secret", "TLSv" + tls_}});
  const auto line = server.WaitForLine("port ");
  if (!line) return server.output();
  Printed({"openssl", "s_client", "-connect", "127.0.0.1:" + line->substr(line->rfind(' ') + 1)});
  server.WaitForEnd();
  return server.output();
}

std::string SymptomWorld::Chromium(const MutualTlsServer& server) const {
  const std::string home = directory_.path() + "/chromium";
  const std::string database = home + "/.pki/nssdb";
  std::filesystem::create_directories(database);
  const std::string root = directory_.Write("server-root.pem", server_pki_.root().RootPem());
  Printed({"certutil", "-N", "-d", "sql:" + database, "--empty-password"});
  Printed({"certutil", "-A", "-d", "sql:" + database, "-n", "root", "-t", "C,,", "-i", root});
  return Printed({"chromium", "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom",
                  "--user-data-dir=" + home, Url(server)},
                 {{"HOME", home}});
}

std::string SymptomWorld::Firefox(const MutualTlsServer& server) const {
  return Printed(
      {"/usr/bin/python3", SIGNET_DIAGNOSIS_TESTS "/firefox.py", std::to_string(testing::FreePort()),
       "--trust=" + directory_.Write("server-root.pem", server_pki_.root().RootPem()), Url(server)});
}

std::string SymptomWorld::ServerLog(Kind kind, const Argv& more) const {
  auto server = Server(kind);
  Curl(server, more);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  return server.output();
}

std::pair<std::string, std::string> SymptomWorld::PemFiles(const TestIdentity& identity) const {
  return {directory_.Write("client.pem", identity.CertificatePem()),
          directory_.Write("client.key", identity.PrivateKeyPem())};
}

SymptomWorld::Argv SymptomWorld::CurlFiles(const TestIdentity& identity) const {
  const auto [certificate, key] = PemFiles(identity);
  return {"--cert", certificate, "--key", key};
}

std::string SymptomWorld::Pkcs12File(const TestIdentity& identity,
                                     const testing::Pkcs12Options& options) const {
  const auto der = testing::MakePkcs12(identity, options);
  return directory_.Write("file.p12", {reinterpret_cast<const char*>(der.data()), der.size()});
}

std::string SymptomWorld::Pointer(const std::string& uri) const {
  const auto tlv = [](char tag, const std::string& value) {
    return std::string{tag, static_cast<char>(value.size())} + value;
  };
  const std::string der = tlv(0x30, tlv(0x1a, "PKCS#11 Provider URI v1.0") + tlv(0x0c, uri));
  std::string base64(der.size() * 2, '\0');
  base64.resize(static_cast<std::size_t>(EVP_EncodeBlock(reinterpret_cast<unsigned char*>(base64.data()),
                                                         reinterpret_cast<const unsigned char*>(der.data()),
                                                         static_cast<int>(der.size()))));
  return directory_.Write("pointer.pem", fmt::format("-----BEGIN {0}-----\n{1}\n-----END {0}-----\n",
                                                     "PKCS#11 PROVIDER URI", base64));
}

testing::Environment SymptomWorld::OnlyProvider(const std::string& provider) const {
  return {
      {"OPENSSL_CONF",
       directory_.Write("only.cnf", fmt::format("openssl_conf = init\n[init]\nproviders = list\n[list]\n{} = "
                                                "one\n[one]\nactivate = 1\n",
                                                provider))}};
}

}  // namespace signet

// PKCS#11 calls of one client-authenticated handshake: in curl, in Python, and in our own client.
#include "base/openssl_error.h"
#include "contest.h"
#include "handshakes.h"
#include "loopback_server.h"
#include "report.h"
#include <signet/identity_source.h>
#include <signet/openssl_tls.h>

#include <stdexcept>

#include <fmt/format.h>

namespace signet::bench {
namespace {

struct Version {
  std::string_view name;
  int number;
};
constexpr Version kVersions[] = {{"1.2", TLS1_2_VERSION}, {"1.3", TLS1_3_VERSION}};

// Calls is what reached the module: all, and those that no handshake needs.
struct Calls {
  double all = 0;
  double others = 0;

  explicit Calls(const testing::WrappedModule& module) : all(static_cast<double>(module.Count("*"))) {
    for (const char* name :
         {"C_VerifyInit", "C_Verify", "C_VerifyUpdate", "C_VerifyFinal", "C_CreateObject", "C_GetSessionInfo",
          "C_DigestInit", "C_Digest", "C_DigestUpdate", "C_DigestFinal"}) {
      others += static_cast<double>(module.Count(name));
    }
  }
  Calls Since(const Calls& before, int handshakes) const {
    Calls each = *this;
    each.all = (all - before.all) / handshakes;
    each.others = (others - before.others) / handshakes;
    return each;
  }
};

// Files are what the programs are given: the CA, and the client's certificate and its key, which is a PEM
// file that names the key in the token.
struct Files {
  explicit Files(const KeyedToken& token)
      : trust(directory.Write("ca.pem", token.identity.RootPem())),
        certificate(directory.Write("client.pem", token.identity.CertificatePem())),
        key(directory.Write("key.pem", UriPem(token.Uri()))) {}

  // UriPem writes pkcs11-provider's format: SEQUENCE { VisibleString, UTF8String }.
  static std::string UriPem(const std::string& uri) {
    const std::string name = "PKCS#11 Provider URI v1.0";
    const auto element = [](int tag, const std::string& value) {
      if (value.size() > 127) throw std::length_error("a longer URI needs a longer length");
      return std::string{static_cast<char>(tag), static_cast<char>(value.size())} + value;
    };
    const std::string der = element(0x30, element(0x1a, name) + element(0x0c, uri));
    const OpenSslPtr<BIO> memory(BIO_new(BIO_s_mem()));
    PEM_write_bio(memory.get(), "PKCS#11 PROVIDER URI", "",
                  reinterpret_cast<const unsigned char*>(der.data()), static_cast<long>(der.size()));
    char* text = nullptr;
    const long size = BIO_get_mem_data(memory.get(), &text);
    return {text, static_cast<std::size_t>(size)};
  }

  testing::TemporaryDirectory directory;
  std::string trust, certificate, key;
};

// Program is another program that logs in with a contender.
struct Program {
  const KeyedToken& token;
  const Files& files;
  const Version& version;

  testing::ProcessResult Run(Entrant& entrant, std::vector<std::string> argv) const {
    return testing::RunProgram({.argv = std::move(argv),
                                .environment = entrant.contender.environment(),
                                .timeout = std::chrono::seconds(60)});
  }
};

void MustBe(bool fine, std::string_view who, const testing::ProcessResult& result) {
  if (!fine) throw std::runtime_error(fmt::format("{} does not log in: {}{}", who, result.out, result.err));
}

// CurlCalls takes a run against a server that hangs up at once, with the key loaded, from one that logs in:
// curl loads its key again for each connection.
Calls CurlCalls(Entrant& entrant, const Program& program, SSL_CTX* server_context) {
  const auto run = [&](const LoopbackServer& server) {
    std::vector<std::string> argv = {"curl",
                                     "--silent",
                                     "--show-error",
                                     "--cacert",
                                     program.files.trust,
                                     "--cert",
                                     program.files.certificate};
    if (entrant.contender.kind().via == ContenderKind::Via::kEngine) {
      argv.insert(argv.end(), {"--engine", "pkcs11", "--key-type", "ENG", "--key", program.token.Uri()});
    } else {
      argv.insert(argv.end(), {"--key", program.files.key});
    }
    argv.insert(argv.end(),
                {fmt::format("--tlsv{}", program.version.name), "--tls-max",
                 std::string(program.version.name), fmt::format("https://127.0.0.1:{}/", server.port())});
    return program.Run(entrant, std::move(argv));
  };
  const LoopbackServer deaf(nullptr);
  const LoopbackServer server(server_context);
  entrant.module.Reset();
  run(deaf);
  const Calls before(entrant.module);
  entrant.module.Reset();
  const testing::ProcessResult result = run(server);
  MustBe(result.out == "ok\n" && server.logins() == 1, "curl", result);
  return Calls(entrant.module).Since(before, 1);
}

// PythonCalls takes a run with one handshake from one with eleven, in one SSLContext.
Calls PythonCalls(Entrant& entrant, const Program& program, SSL_CTX* server_context) {
  static constexpr const char* kScript = R"(
import socket, ssl, sys
trust, certificate, key, version, port, count = sys.argv[1:]
context = ssl.create_default_context(cafile=trust)
context.minimum_version = context.maximum_version = getattr(ssl.TLSVersion, 'TLSv' + version.replace('.', '_'))
context.load_cert_chain(certificate, key)
for _ in range(int(count)):
    with socket.create_connection(('127.0.0.1', int(port))) as plain:
        with context.wrap_socket(plain, server_hostname='127.0.0.1') as secure:
            secure.sendall(b'GET / HTTP/1.0\r\n\r\n')
            while secure.recv(4096):
                pass
)";
  if (entrant.contender.kind().via == ContenderKind::Via::kEngine) {
    throw std::runtime_error("Python's ssl knows no engines");
  }
  constexpr int kMore = 10;
  const auto run = [&](int handshakes) {
    const LoopbackServer server(server_context);
    entrant.module.Reset();
    const testing::ProcessResult result =
        program.Run(entrant, {"python3", "-c", kScript, program.files.trust, program.files.certificate,
                              program.files.key, std::string(program.version.name),
                              std::to_string(server.port()), std::to_string(handshakes)});
    MustBe(server.logins() == handshakes, "Python", result);
    return Calls(entrant.module);
  };
  const Calls before = run(1);
  return run(1 + kMore).Since(before, kMore);
}

// OwnCalls counts the handshakes after the first in one SSL_CTX: with a selector for Signet, for the others
// with the key that OpenSSL has loaded.
Calls OwnCalls(Entrant& entrant, const Program& program, SSL_CTX* server) {
  constexpr int kHandshakes = 10;
  const KeyedToken& token = program.token;
  OpenSslPtr<SSL_CTX> client;
  OpenSslPtr<EVP_PKEY> key;
  if (entrant.name() == kSignet) {
    client = ClientContext(token.pki, nullptr, program.version.number);
    Settings settings;
    settings.modules = {entrant.module.path()};
    openssl::UseSelector(client.get(), IdentitySet({IdentitySource(settings).Open(token.Uri())}));
  } else {
    client = ClientContext(token.pki, entrant.contender.library(), program.version.number);
    key = entrant.contender.Load(token.Uri());
    UseKey(client.get(), token.identity, key.get());
  }
  const auto log_in = [&] { Handshake(client.get(), server).Step(); };
  log_in();
  entrant.module.Reset();
  const Calls before(entrant.module);
  for (int i = 0; i < kHandshakes; ++i) log_in();
  return Calls(entrant.module).Since(before, kHandshakes);
}

using Count = Calls (*)(Entrant&, const Program&, SSL_CTX*);

void CallsPerHandshake(benchmark::State& state, Count count) {
  const KeyedToken token(kEcdsa);
  const Files files(token);
  for (auto _ : state) {
    ForEachContender(state, [&](const ContenderKind& kind) {
      Entrant entrant(kind, token.hsm);
      double others = 0;
      for (const Version& version : kVersions) {
        const OpenSslPtr<SSL_CTX> server = ServerContext(token.pki, version.number);
        const Calls calls = count(entrant, {token, files, version}, server.get());
        Put(state, version.name, kind.name, calls.all);
        others += calls.others;
      }
      Put(state, "others", kind.name, others);
    });
  }
}

BENCHMARK_CAPTURE(CallsPerHandshake, curl, CurlCalls)->Name("calls_per_handshake/curl")->Iterations(1);
BENCHMARK_CAPTURE(CallsPerHandshake, python, PythonCalls)->Name("calls_per_handshake/python")->Iterations(1);
BENCHMARK_CAPTURE(CallsPerHandshake, own, OwnCalls)->Name("calls_per_handshake/own")->Iterations(1);

}  // namespace
}  // namespace signet::bench

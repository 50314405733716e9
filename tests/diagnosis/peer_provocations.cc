// What programs print of what the other side said.
#include "diagnosis/provocation.h"
#include "diagnosis/symptom_world.h"
#include <signet/testing/process.h>

namespace signet {
namespace {

using testing::CertificateOptions;
using World = SymptomWorld;
using Kind = World::Kind;

// A server that ends each connection by a reset.
constexpr const char* kResets =
    "import socket,struct\n"
    "s=socket.socket();s.bind(('127.0.0.1',0));s.listen()\n"
    "print('port',s.getsockname()[1],flush=True)\n"
    "c,_=s.accept();c.recv(1)\n"
    "c.setsockopt(socket.SOL_SOCKET,socket.SO_LINGER,struct.pack('ii',1,0));c.close()\n";

constexpr Provocation kProvocations[] = {
    {"curl, of nginx", "No required SSL certificate was sent",
     [] {
       const World world;
       return world.Curl(world.Server(Kind::kNginx));
     }},
    {"curl, of nginx", "The SSL certificate error",
     [] {
       const World world;
       return world.Curl(world.Server(Kind::kNginx), world.CurlFiles(world.Stranger()));
     }},
    {"nginx", "client sent no required SSL certificate", [] { return World().ServerLog(Kind::kNginx); }},
    {"nginx", "client SSL certificate verify error",
     [] {
       const World world;
       return world.ServerLog(Kind::kNginx, world.CurlFiles(world.Stranger()));
     }},
    {"openssl s_server", "peer did not return a certificate",
     [] { return World().ServerLog(Kind::kOpenSsl); }},
    {"Java", "Empty client certificate chain", [] { return World().JavaServer(); }},
    {"Java, TLS 1.2", "Empty client certificate chain", [] { return World("1.2").JavaServer(); }},
    {"Java", "PKIX path building failed",
     [] {
       const World world;
       const World other;
       return world.Java(other.Server(Kind::kOpenSsl));
     }},
    {"Java", "keystore password was incorrect",
     [] {
       const World world;
       return world.Java(world.Server(Kind::kOpenSsl),
                         {"-Djavax.net.ssl.keyStore=" + world.Pkcs12File(world.pki().Issue({})),
                          "-Djavax.net.ssl.keyStorePassword=wrong"});
     }},
    {"Java", "alert certificate required",
     [] {
       const World world;
       return world.Java(world.Server(Kind::kOpenSsl));
     }},
    {"Python", "alert unknown ca",
     [] {
       const World world;
       const auto [certificate, key] = world.PemFiles(world.Stranger());
       return world.Python(world.Server(Kind::kOpenSsl), {certificate, key});
     }},
    {"curl", "SSL certificate verification failed",
     [] {
       const World world("1.2");
       return world.Curl(world.Server(Kind::kOpenSsl),
                         world.CurlFiles(world.pki().Issue(CertificateOptions{}.Expired())));
     }},
    {"Chromium", "ERR_BAD_SSL_CLIENT_AUTH_CERT",
     [] {
       const World world("1.2");
       return world.Chromium(world.Server(Kind::kOpenSsl));
     }},
    {"Firefox, TLS 1.2", "SSL_ERROR_HANDSHAKE_FAILURE_ALERT",
     [] {
       const World world("1.2");
       return world.Firefox(world.Server(Kind::kOpenSsl));
     }},
    {"curl", "Connection reset",
     [] {
       testing::BackgroundProcess server({.argv = {"/usr/bin/python3", "-c", kResets}});
       const auto line = server.WaitForLine("port ");
       if (!line) return server.output();
       return World::Printed({"curl", "-sS", "https://127.0.0.1:" + line->substr(line->rfind(' ') + 1)});
     }},
};

}  // namespace

std::span<const Provocation> PeerProvocations() { return kProvocations; }

}  // namespace signet

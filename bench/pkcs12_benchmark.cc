// Time to load an identity from a PKCS#12 file, beside OpenSSL's own PKCS12_parse of the same file. Both read
// the file, check its MAC, decrypt the key and the certificates and decode them. We also pair the key with
// its certificate and build the chain; PKCS12_parse pairs by localKeyID and checks the pair.
#include "base/openssl_error.h"
#include "base/openssl_ptr.h"
#include "instructions.h"
#include "report.h"
#include <signet/identity_source.h>
#include <signet/testing/temporary_directory.h>
#include <signet/testing/test_pki.h>

#include <string>
#include <vector>

namespace signet::bench {
namespace {

// Parse is what a program does that has nothing but OpenSSL.
void Parse(const std::string& path) {
  const OpenSslPtr<BIO> file(CheckOpenSsl(BIO_new_file(path.c_str(), "rb"), "BIO_new_file"));
  const OpenSslPtr<PKCS12> container(CheckOpenSsl(d2i_PKCS12_bio(file.get(), nullptr), "d2i_PKCS12_bio"));
  EVP_PKEY* key = nullptr;
  X509* certificate = nullptr;
  STACK_OF(X509)* others = nullptr;
  CheckOpenSsl(PKCS12_parse(container.get(), "secret", &key, &certificate, &others), "PKCS12_parse");
  const OpenSslPtr<EVP_PKEY> owned_key(key);
  const OpenSslPtr<X509> owned_certificate(certificate);
  const OpenSslPtr<STACK_OF(X509)> owned_others(others);
  benchmark::DoNotOptimize(key);
}

void Pkcs12(benchmark::State& state) {
  const int times = Quick() ? 1 : 5;
  const testing::TestPki pki;
  const testing::TemporaryDirectory directory;
  const testing::TestIdentity alice =
      testing::TestPki::IssueFrom(pki.Intermediate("Intermediate"), {.key = "rsa:2048"});
  const std::string path = directory.Write("alice.p12", testing::MakePkcs12(alice));
  const std::string uri = "pkcs12:" + path + "?pin-value=secret";
  const IdentitySource source;
  const auto ours = [&] { benchmark::DoNotOptimize(source.Open(uri)); };
  const auto theirs = [&] { Parse(path); };
  ours();
  theirs();
  const InstructionCounter counter;
  std::vector<double> ratios, milliseconds, instruction_ratios;
  for (auto _ : state) {
    const Cost our_cost = CostOf(counter, times, ours);
    const Cost their_cost = CostOf(counter, times, theirs);
    milliseconds.push_back(their_cost.nanoseconds / 1e6);
    ratios.push_back(our_cost.nanoseconds / their_cost.nanoseconds);
    if (our_cost.instructions)
      instruction_ratios.push_back(*our_cost.instructions / *their_cost.instructions);
  }
  Put(state, "time", kSignet, Median(ratios));
  Put(state, "time", kBeside, Median(milliseconds));
  if (!instruction_ratios.empty()) Put(state, "instructions", kSignet, Median(instruction_ratios));
}
BENCHMARK(Pkcs12)->Name("pkcs12")->Iterations(Quick() ? 1 : 100);

}  // namespace
}  // namespace signet::bench

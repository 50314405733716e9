// What a program adds: a key and a source of its own.
#include <signet/c_identity.h>
#include <signet/identity_source.h>
#include <signet/own_key.h>
#include <signet/own_source.h>
#include <signet/testing/test_pki.h>

#include <cstdio>
#include <memory>
#include <stdexcept>

struct OutsideKey final : signet::OwnKey {
  explicit OutsideKey(const std::string& pem) : spki(signet::SpkiFromPem(pem)) {}
  std::vector<std::uint8_t> public_key() const override { return spki; }
  std::vector<signet::SignatureScheme> schemes() const override { return signet::SchemesFor(spki); }
  std::vector<std::uint8_t> Sign(signet::SignatureScheme, std::span<const std::uint8_t>) override {
    throw std::runtime_error("closed");
  }
  const std::vector<std::uint8_t> spki;
};

struct OutsideSource final : signet::OwnSource {
  explicit OutsideSource(const signet::testing::TestIdentity& listed) : identity(listed) {}
  signet::Listing List(std::string_view) override {
    const signet::CertificateChain chain(identity.certificate, identity.issuers);
    const auto key = signet::MakeKey(std::make_shared<OutsideKey>(identity.CertificatePem()));
    return {{signet::Identity::Make(chain, key, signet::Identity::Source::kApplication, "outside:alice")},
            {}};
  }
  const signet::testing::TestIdentity identity;
};

int main() {
  signet::IdentitySource source;
  source.Register("outside", std::make_shared<OutsideSource>(signet::testing::TestPki().Issue({})));
  const auto identity = source.Open("outside:alice");
  if (signet::MakeCIdentity(identity) == nullptr) return 1;
  try {
    identity.key()->SignMessage(identity.key()->schemes().front(), {});
  } catch (const signet::Error& error) {
    if (error.code() == signet::ErrorCode::kApplication) std::puts("works");
  }
}

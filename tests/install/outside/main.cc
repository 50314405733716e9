// Makes a PKCS#12 file with the installed testing kit, opens it, and prints whose it is. Touches every
// installed library, so that one that cannot be linked or loaded shows.
#include <signet/c_identity.h>
#include <signet/error.h>
#include <signet/identity_source.h>
#include <signet/own_key.h>
#include <signet/own_source.h>
#include <signet/testing/soft_hsm.h>
#include <signet/testing/temporary_directory.h>
#include <signet/testing/test_pki.h>

#include <cstdio>
#include <memory>
#include <stdexcept>

#ifdef WITH_botan
#include <signet/botan_credentials.h>
#endif
#ifdef WITH_gnutls
#include <signet/gnutls.h>
#endif
#ifdef WITH_libp11
#include <signet/libp11_identity.h>
#endif
#ifdef WITH_openssl
#include <signet/openssl_tls.h>

#include <openssl/ssl.h>
#endif

// What a program adds: a key and a source of its own.
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

// OwnKeySays gives the code of the error that the program's own key, opened from its own source, ends with.
signet::ErrorCode OwnKeySays(const signet::testing::TestIdentity& alice) {
  signet::IdentitySource source;
  source.Register("outside", std::make_shared<OutsideSource>(alice));
  const auto identity = source.Open("outside:alice");
  if (signet::MakeCIdentity(identity) == nullptr) return signet::ErrorCode::kInternal;
  try {
    identity.key()->SignMessage(identity.key()->schemes().front(), {});
  } catch (const signet::Error& error) {
    return error.code();
  }
  return signet::ErrorCode::kInternal;
}

int main() {
  const signet::testing::TestPki pki;
  const signet::testing::TemporaryDirectory directory;
  const auto alice = pki.Issue({.common_name = "alice"});
  const std::string path = directory.Write("alice.p12", signet::testing::MakePkcs12(alice));
  const auto identity = signet::IdentitySource().Open("pkcs12:" + path + "?pin-value=secret");
  std::printf("%s\n", identity.user_name().c_str());
  if (OwnKeySays(alice) != signet::ErrorCode::kApplication) return 1;
  signet::testing::SoftHsm().Import(alice, {});  // the kit's own programs are found where they were installed
#ifdef WITH_botan
  if (signet::botan::MakePrivateKey(identity.key()) == nullptr) return 1;
#endif
#ifdef WITH_gnutls
  gnutls_privkey_t key = nullptr;
  if (signet_gnutls_privkey(nullptr, &key, nullptr)) return 1;
#endif
#ifdef WITH_libp11
  try {
    signet::FromLibp11(nullptr, nullptr);
    return 1;
  } catch (const signet::Error& error) {
    if (error.code() != signet::ErrorCode::kBadArgument) return 1;
  }
#endif
#ifdef WITH_openssl
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  signet::openssl::UseIdentity(context, identity);
  SSL_CTX_free(context);
#endif
}

// Makes a PKCS#12 file with the installed testing kit, opens it, and prints whose it is. Touches every
// installed library, so that one that cannot be linked or loaded shows.
#include <signet/error.h>
#include <signet/identity_source.h>
#include <signet/testing/soft_hsm.h>
#include <signet/testing/temporary_directory.h>
#include <signet/testing/test_pki.h>

#include <cstdio>

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

int main() {
  const signet::testing::TestPki pki;
  const signet::testing::TemporaryDirectory directory;
  const auto alice = pki.Issue({.common_name = "alice"});
  const std::string path = directory.Write("alice.p12", signet::testing::MakePkcs12(alice));
  const auto identity = signet::IdentitySource().Open("pkcs12:" + path + "?pin-value=secret");
  std::printf("%s\n", identity.user_name().c_str());
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

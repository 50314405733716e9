// Makes a PKCS#12 file and a token with the installed testing kit, which finds its own programs where they
// are installed.
#include <signet/identity_source.h>
#include <signet/testing/soft_hsm.h>
#include <signet/testing/temporary_directory.h>
#include <signet/testing/test_pki.h>

#include <cstdio>

int main() {
  const signet::testing::TestPki pki;
  const signet::testing::TemporaryDirectory directory;
  const auto alice = pki.Issue({.common_name = "alice"});
  const std::string path = directory.Write("alice.p12", signet::testing::MakePkcs12(alice));
  const auto identity = signet::IdentitySource().Open("pkcs12:" + path + "?pin-value=secret");
  signet::testing::SoftHsm().Import(alice, {});
  std::puts(identity.user_name() == "alice" ? "works" : "is somebody else");
}
